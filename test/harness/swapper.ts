/** Somebody who changes a path as fast as they can while a test looks at it. perl: Node cannot exchange two names at once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Until its stdin ends: repoints the link ARGV[0] at ARGV[1] and ARGV[2] in turn, by rename, so it is never absent. */
const repoint = `
my ($link, @targets) = @ARGV;
for (my $n = 0; ; $n++) { symlink $targets[$n % 2], "$link.new"; rename "$link.new", $link; enough($n) }`;

/** Exchanges the names ARGV[0] and ARGV[1] by renameat2(2), which leaves neither absent. */
const exchange = `
my $number = { x86_64 => 316, aarch64 => 276 }->{(POSIX::uname())[4]} or die "which renameat2?";
my @paths = map { "$_\\0" } @ARGV;
for (my $n = 0; ; $n++) { syscall($number, -100, $paths[0], -100, $paths[1], 2) == 0 or die $!; enough($n) }`;

/** Replaces the file ARGV[0] as the NixOS module does: unlinks it, creates it, writes ARGV[1] in two halves. */
const rewrite = `
my ($file, $text) = @ARGV;
for (my $n = 0; ; $n++) {
  my $begun = time;
  unlink $file; select undef, undef, undef, rand 0.004;
  open my $out, '>', $file or die $!; $out->autoflush(1);
  my $gap = time - $begun; $slowest = $gap if $gap > $slowest;
  print $out substr $text, 0, 20; select undef, undef, undef, rand 0.002;
  print $out substr $text, 20; close $out; select undef, undef, undef, rand 0.004;
  enough($n);
}`;

const stop = `
use IO::Handle; use POSIX (); use Time::HiRes 'time'; $| = 1; STDIN->blocking(0); my $slowest = 0;
sub enough { my ($n) = @_; return if $n % 16; print "$n $slowest\\n"; exit if defined sysread STDIN, my $end, 1; }`;

const scripts = { repoint, exchange, rewrite };

export interface Swapper extends AsyncDisposable {
  /** How often it has changed something so far. */
  count(): number;
  /** How long the path was absent at worst, in milliseconds: on a busy machine it may be left so for a while. */
  slowestMs(): number;
}

/** Starts one and waits until it is at work. It ends with the test. */
export async function swapper(how: keyof typeof scripts, ...paths: string[]): Promise<Swapper> {
  const child: ChildProcess = spawn('perl', ['-e', stop + scripts[how], ...paths], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let [count, slowest] = [0, 0];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    [count = 0, slowest = 0] = (text.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  });
  if (child.stdout) await once(child.stdout, 'data');
  return {
    count: () => count,
    slowestMs: () => slowest * 1000,
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
