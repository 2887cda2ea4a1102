# Verifies the DKIM signatures of a message on standard input with Mail::DKIM.
# DNS answers come from the arguments: NAME TEXT, as often as need be.
use strict;
use warnings;
use Mail::DKIM 1.0;
use Mail::DKIM::DNS;
use Mail::DKIM::Verifier;
use Net::DNS;

my %records = @ARGV;
{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query = sub {
        my ($domain, $type) = @_;
        my $text = $records{ lc $domain };
        if ( $type ne 'TXT' || !defined $text ) { $@ = 'NXDOMAIN'; return; }
        # A TXT record holds strings of up to 255 octets.
        my @strings = $text =~ /(.{1,255})/gs;
        return Net::DNS::RR->new( owner => $domain, type => 'TXT', txtdata => \@strings );
    };
}
binmode STDIN;
my $verifier = Mail::DKIM::Verifier->new();
while (<STDIN>) {
    s/\015?\012$//;
    $verifier->PRINT("$_\015\012");
}
$verifier->CLOSE;
print $_->result_detail, ' ', $_->identity, "\n" for $verifier->signatures;
print $verifier->result_detail, "\n" unless $verifier->signatures;
