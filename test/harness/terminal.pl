# A pseudo-terminal, driven over stdin and stdout by pty.ts. perl-base is on every Debian, python3 and socat are not.
#   perl terminal.pl COLS ROWS STDIN STDOUT STDERR COMMAND ARG…     each of the three: tty, null, pipe or file:PATH
# Frames both ways: one letter, length (32 bit, big endian), payload.
#   in:  w bytes for the terminal · r cols rows (16 bit each) · h hang up · i bytes for the stdin pipe · c close that pipe
#   out: p "pid device" · o what the terminal got · 1 2 what the stdout, stderr pipes got · x wait status (decimal)
# End of stdin ends this program, and with it the terminal.
use strict;
use warnings;
use Fcntl qw(O_RDWR O_NOCTTY O_NONBLOCK F_SETFL);
use POSIX ();

delete $ENV{PERL_BADLANG};
my ($cols, $rows, @kinds) = splice @ARGV, 0, 5;
my @command = @ARGV;

sysopen my $master, '/dev/ptmx', O_RDWR | O_NOCTTY or die "no /dev/ptmx: $!\n";
my $number = pack 'i', 0;
ioctl $master, 0x40045431, $number or die "TIOCSPTLCK: $!\n";
ioctl $master, 0x80045430, $number or die "TIOCGPTN: $!\n";
my $device = '/dev/pts/' . unpack 'i', $number;
sub resize { my $size = pack 'S4', $_[1], $_[0], 0, 0; ioctl $master, 0x5414, $size }
resize($cols, $rows);
# Opened before the fork: a moment without any slave would look like a hangup.
sysopen my $slave, $device, O_RDWR | O_NOCTTY or die "$device: $!\n";

my (@inside, %reading, $stdin_pipe);
for my $fd (0 .. 2) {
  my $kind = $kinds[$fd];
  if ($kind eq 'tty') { $inside[$fd] = $slave }
  elsif ($kind eq 'pipe') {
    pipe my $read, my $write or die "pipe: $!\n";
    if ($fd == 0) { ($inside[0], $stdin_pipe) = ($read, $write) }
    else { $inside[$fd] = $write; $reading{$fd} = $read }
  } else {
    my $path = $kind eq 'null' ? '/dev/null' : substr $kind, 5;
    open $inside[$fd], $fd == 0 ? '<' : '>>', $path or die "$path: $!\n";
  }
}

# Between us and the command stands a process that only waits: SIGCHLD and select() cannot be combined without a race.
pipe my $news, my $teller or die "pipe: $!\n";
if (!fork) {
  close $_ for $master, $news, values %reading;
  close $stdin_pipe if $stdin_pipe;
  my $child = fork;
  if (!$child) {
    POSIX::setsid();
    ioctl $slave, 0x540E, 0 or die "TIOCSCTTY: $!\n";
    POSIX::dup2(fileno $inside[$_], $_) for 0 .. 2;
    exec { $command[0] } @command;
    warn "$command[0]: $!\n";
    POSIX::_exit(127);
  }
  # Only the command may keep the terminal and the pipes open.
  open STDIN, '<', '/dev/null'; open STDOUT, '>', '/dev/null';
  close $_ for $slave, @inside;
  syswrite $teller, "$child $device\n";
  waitpid $child, 0;
  syswrite $teller, "$?\n";
  POSIX::_exit(0);
}
close $_ for $slave, $teller, @inside;

sub report { my $frame = pack('a1 N', $_[0], length $_[1]) . $_[1];
  while (length $frame) { my $n = syswrite STDOUT, $frame; defined $n or exit 0; substr $frame, 0, $n, '' } }

# Everything that is readable right now, or nothing. Returns whether more may come.
sub drain { my ($letter, $handle) = @_;
  while (1) { my $n = sysread $handle, my $data, 65536;
    if ($n) { report($letter, $data); next }
    return !defined $n && $!{EAGAIN} } }

fcntl $_, F_SETFL, O_NONBLOCK for $master, values %reading;
fcntl $stdin_pipe, F_SETFL, O_NONBLOCK if $stdin_pipe;
$SIG{PIPE} = 'IGNORE';
my ($control, $to_tty, $to_pipe, $close_pipe, $told) = ('', '', '', 0, '');
my $tty_open = 1;
while (1) {
  my ($r, $w) = ('', '');
  vec($r, fileno STDIN, 1) = 1;
  vec($r, fileno $news, 1) = 1 if $news;
  vec($r, fileno $master, 1) = 1 if $master && $tty_open;
  vec($r, fileno $_, 1) = 1 for values %reading;
  vec($w, fileno $master, 1) = 1 if $master && length $to_tty;
  vec($w, fileno $stdin_pipe, 1) = 1 if $stdin_pipe && length $to_pipe;
  select($r, $w, undef, undef) >= 0 or next;
  if ($master && $tty_open) { $tty_open = drain('o', $master) }
  for my $fd (keys %reading) { drain($fd, $reading{$fd}) or delete $reading{$fd} }
  if ($news && vec($r, fileno $news, 1)) {
    if (sysread $news, $told, 4096, length $told) {
      # What was written before the end is told before the end.
      if ($master && $tty_open) { $tty_open = drain('o', $master) }
      for my $fd (keys %reading) { drain($fd, $reading{$fd}) or delete $reading{$fd} }
      while ($told =~ s/^(.*)\n//) { my $line = $1; report($line =~ / / ? 'p' : 'x', $line) }
    } else { undef $news }
  }
  if ($master && vec($w, fileno $master, 1)) { my $n = syswrite $master, $to_tty; substr $to_tty, 0, $n, '' if $n }
  if ($stdin_pipe && vec($w, fileno $stdin_pipe, 1)) {
    my $n = syswrite $stdin_pipe, $to_pipe;
    if (defined $n) { substr $to_pipe, 0, $n, '' } elsif (!$!{EAGAIN}) { $to_pipe = '' }
  }
  if (vec($r, fileno STDIN, 1)) {
    sysread STDIN, $control, 65536, length $control or exit 0;
    while (length $control >= 5) {
      my ($letter, $length) = unpack 'a1 N', $control;
      last if length $control < 5 + $length;
      my $payload = substr $control, 5, $length;
      substr $control, 0, 5 + $length, '';
      if ($letter eq 'w') { $to_tty .= $payload }
      elsif ($letter eq 'r') { resize(unpack 'n n', $payload) if $master }
      elsif ($letter eq 'h') { close $master if $master; undef $master; $to_tty = '' }
      elsif ($letter eq 'i') { $to_pipe .= $payload }
      elsif ($letter eq 'c') { $close_pipe = 1 }
    }
  }
  if ($stdin_pipe && $close_pipe && !length $to_pipe) { close $stdin_pipe; undef $stdin_pipe }
}
