# SPDX-License-Identifier: GPL-2.0-or-later
# Regular expressions, hashes, string building.
open my $in, '<', '/data/corpus' or die;
my (%count, $out, $n);
while (<$in>) {
    last if ++$n > 28000;
    s/(\w)(\w*)/\U$1\E$2/g;
    $count{lc $1}++ while /\b(\w{3,})\b/g;
    $out .= substr($_, 0, 7) if /[aeiou]{2}/i;
}
print length $out, "\n";
print "$_ $count{$_}\n" for (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 9];
