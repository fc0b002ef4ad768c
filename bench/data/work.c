/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Food for the compiler proper; it is never run. */
typedef unsigned long Word;
typedef struct Item Item;
struct Item {
    Item *next, *prev;
    Word key, value[4];
    int (*compare)(const Item *, const Item *);
};

#define REPEAT(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9)

#define FUNCTIONS(n)                                                           \
    static int compare_##n(const Item *a, const Item *b)                       \
    {                                                                          \
        for (int i = 0; i < 4; i++) {                                          \
            if (a->value[i] != b->value[i]) {                                  \
                return a->value[i] < b->value[i] + n ? -1 : 1;                 \
            }                                                                  \
        }                                                                      \
        return (a->key > b->key) - (a->key < b->key);                          \
    }                                                                          \
    Word mix_##n(Item *list, Word seed, Word *out, int size)                   \
    {                                                                          \
        Word sum = seed;                                                       \
        for (Item *p = list; p; p = p->next) {                                 \
            switch ((p->key ^ n) & 7) {                                        \
            case 0:                                                            \
                sum += p->value[0] * 3;                                        \
                break;                                                         \
            case 1:                                                            \
                sum ^= p->value[1] << 5;                                       \
                break;                                                         \
            case 2:                                                            \
                sum = sum >> 7 | sum << 57;                                    \
                break;                                                         \
            case 3:                                                            \
                sum -= p->value[2] / (p->value[3] | 1);                        \
                break;                                                         \
            case 5:                                                            \
                sum += compare_##n(p, list) * n;                               \
                break;                                                         \
            default:                                                           \
                sum = ~sum;                                                    \
                break;                                                         \
            }                                                                  \
        }                                                                      \
        for (int i = 0; i < size; i++) {                                       \
            for (int k = i; k < size; k += i + 1) {                            \
                out[k] = out[k] * sum + (out[i] ^ k);                          \
            }                                                                  \
        }                                                                      \
        return sum;                                                            \
    }                                                                          \
    Item *insert_##n(Item *list, Item *item)                                   \
    {                                                                          \
        Item **at = &list, *before = 0;                                        \
        item->compare = compare_##n;                                           \
        while (*at && (*at)->compare(*at, item) < 0) {                         \
            before = *at;                                                      \
            at = &(*at)->next;                                                 \
        }                                                                      \
        item->next = *at;                                                      \
        item->prev = before;                                                   \
        if (*at) {                                                             \
            (*at)->prev = item;                                                \
        }                                                                      \
        *at = item;                                                            \
        return list;                                                           \
    }

REPEAT(FUNCTIONS)

Word all(Item *list, Word *out)
{
    Word sum = 0;
#define CALL(n)                                                                \
    sum += mix_##n(list, sum, out, 16 + n);                                    \
    list = insert_##n(list->next, list);
    REPEAT(CALL)
    return sum;
}
