# Runs a command exactly as told, in bytes that Node would not carry. One instruction a line, letter and payload in hex:
#   a argument · e NAME=value · x NAME (unset) · u umask, octal · d directory · D a directory, deleted once we are in it
#   L a directory closed to everybody once we are in it · i signal to ignore · m stderr joins stdout · c descriptor to close
#   o descriptor to open · n niceness to add
#   perl exactly.pl FILE
use strict;
use warnings;
use POSIX ();

my $file = shift @ARGV;
open my $orders, '<', $file or die "$file: $!\n";
my @orders = map { /^(.) ?([0-9a-f]*)$/ or die "bad order: $_"; [$1, pack 'H*', $2] } <$orders>;
close $orders;

delete $ENV{PERL_BADLANG};
my (@command, @late);
for my $order (@orders) {
  my ($letter, $payload) = @$order;
  if ($letter eq 'a') { push @command, $payload }
  elsif ($letter eq 'e') { my ($name, $value) = split /=/, $payload, 2; $ENV{$name} = $value }
  elsif ($letter eq 'x') { delete $ENV{$payload} }
  elsif ($letter eq 'd') { chdir $payload or die "$payload: $!\n" }
  elsif ($letter eq 'D') { mkdir $payload, 0755 or die "$payload: $!\n"; chdir $payload; rmdir $payload }
  elsif ($letter eq 'L') { mkdir $payload, 0755 or die "$payload: $!\n"; chdir $payload; chmod 0000, $payload }
  elsif ($letter eq 'i') { $SIG{$payload} = 'IGNORE' }
  elsif ($letter eq 'm') { POSIX::dup2(1, 2) }
  elsif ($letter eq 'o') { POSIX::dup2(POSIX::open('/dev/null', POSIX::O_RDONLY()), $payload) }
  elsif ($letter eq 'n') { POSIX::nice($payload) }
  elsif ($letter eq 'u') { umask oct $payload }
  else { push @late, $payload }
}
# Perl closes what is above 2 at exec; dup2 has made the ones that were asked for stay.
POSIX::close($_) for @late;
exec { $command[0] } @command or POSIX::_exit(127);
