# SPDX-License-Identifier: GPL-2.0-or-later
{ for (i = 1; i <= NF; i++) { n[$i]++; total += length($i) } }
/th[ae]/ { hits++; gsub(/a/, "4"); chars += length($0) }
END { for (w in n) { if (n[w] > most) most = n[w] } print total, hits, chars, most }
