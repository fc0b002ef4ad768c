-- SPDX-License-Identifier: GPL-2.0-or-later
-- Tables, numbers, closures, strings: traces for the compiler and work for the
-- interpreter.
local t, x = {}, 1
for i = 1, 300000 do
    x = (x * 1664525 + 1013904223) % 4294967296
    t[i] = x
end
table.sort(t)
local sum = 0
for round = 1, 40 do
    for i = 1, #t do sum = (sum + t[i] * round) % 1000000007 end
end
local words = {}
for word in io.open("/data/corpus"):read(400000):gmatch("%a+") do
    words[word] = (words[word] or 0) + 1
end
local n = 0
for word, count in pairs(words) do n = n + #word * count end
print(sum, n)
