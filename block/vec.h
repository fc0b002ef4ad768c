/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scatter list under construction: slices of a request's iovec and bounce
 * buffers strung together. The memory pointed to is never owned.
 */
#ifndef BLOCK_VEC_H
#define BLOCK_VEC_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

enum { BLOCK_VEC_INLINE = 8 };

typedef struct BlockVec {
    struct iovec *iov;
    int count;
    int room;
    uint64_t len;
    struct iovec inline_iov[BLOCK_VEC_INLINE];
} BlockVec;

/* Embedded: must not be moved once initialised. */
void block_vec_init(BlockVec *v);
void block_vec_clear(BlockVec *v);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlockVec, block_vec_clear)

void block_vec_add(BlockVec *v, void *base, size_t len);
/* Append bytes [skip, skip + len) of a list that is at least that long. */
void block_vec_add_slice(BlockVec *v, const struct iovec *iov, int count,
                         uint64_t skip, uint64_t len);

uint64_t iov_length(const struct iovec *iov, int count);
void iov_fill_zero(const struct iovec *iov, int count, uint64_t skip,
                   uint64_t len);
void iov_from_buf(const struct iovec *iov, int count, uint64_t skip,
                  const void *buf, uint64_t len);
void iov_to_buf(const struct iovec *iov, int count, uint64_t skip, void *buf,
                uint64_t len);
bool iov_aligned(const struct iovec *iov, int count, size_t align);

/* True if every byte is zero. */
bool block_buffer_is_zero(const void *buf, size_t len);

#endif
