# SPDX-License-Identifier: GPL-2.0-or-later
# What configure scripts do: loops, substitutions, small programs.
i=0
sum=0
while [ $i -lt 25000 ]; do
    case $i in
    *7) sum=$((sum + i * 3)) ;;
    *[13]) sum=$((sum ^ i)) ;;
    *) v=x$i; sum=$((sum + ${#v})) ;;
    esac
    i=$((i + 1))
done
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    echo "line $n" | sed "s/line/$sum/" | tr 0-9 a-j
    test -d /proc && x=$(expr $n + 1) && echo "$x"
done
