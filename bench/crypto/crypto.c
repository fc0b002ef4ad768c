/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crypto ALGORITHM TIMES: what `openssl speed` measures, but a fixed amount of
 * it, with a checksum: pieces of 16 KiB, the largest that TLS sends, hashed or
 * encrypted where they are, or signatures by RSA with 2048 bits. No file is
 * read: that is measured by the commands of openssl.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 16384, SIGNATURE = 512 };

static const unsigned char key[32] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static unsigned char data[PIECE];

/* A call of the library failed. */
static void must(const char *what, int good)
{
    if (good <= 0) {
        fprintf(stderr, "crypto: %s failed\n", what);
        exit(1);
    }
}

static void say(const unsigned char *p, size_t size)
{
    uint64_t sum = 14695981039346656037u;

    while (size-- > 0) {
        sum = (sum ^ *p++) * 1099511628211u;
    }
    printf("%016llx\n", (unsigned long long)sum);
}

static void hash(const EVP_MD *md, unsigned times)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size;

    must("EVP_DigestInit", EVP_DigestInit_ex(ctx, md, NULL));
    while (times-- > 0) {
        must("EVP_DigestUpdate", EVP_DigestUpdate(ctx, data, PIECE));
    }
    must("EVP_DigestFinal", EVP_DigestFinal_ex(ctx, digest, &size));
    say(digest, size);
    EVP_MD_CTX_free(ctx);
}

static void encrypt(const EVP_CIPHER *cipher, unsigned times)
{
    static const unsigned char iv[EVP_MAX_IV_LENGTH];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int size;

    must("EVP_EncryptInit", EVP_EncryptInit_ex(ctx, cipher, NULL, key, iv));
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    while (times-- > 0) {
        must("EVP_EncryptUpdate",
             EVP_EncryptUpdate(ctx, data, &size, data, PIECE));
    }
    say(data, PIECE);
    EVP_CIPHER_CTX_free(ctx);
}

/* Each signs the one before. */
static void sign(FILE *pem, unsigned times)
{
    EVP_PKEY *rsa = PEM_read_PrivateKey(pem, NULL, NULL, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t size;

    must("PEM_read_PrivateKey", rsa != NULL);
    while (times-- > 0) {
        size = SIGNATURE;
        must("EVP_DigestSignInit",
             EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, rsa));
        must("EVP_DigestSign",
             EVP_DigestSign(ctx, data, &size, data, SIGNATURE));
    }
    say(data, size);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(rsa);
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[1] : "";
    unsigned times = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    const EVP_MD *md = EVP_get_digestbyname(name);
    const EVP_CIPHER *cipher = EVP_get_cipherbyname(name);

    if (strcmp(name, "rsa") == 0 && argc > 3) {
        FILE *pem = fopen(argv[3], "r");

        must(argv[3], pem != NULL);
        sign(pem, times);
        fclose(pem);
    } else if (md) {
        hash(md, times);
    } else if (cipher) {
        encrypt(cipher, times);
    } else {
        fputs("usage: crypto DIGEST|CIPHER TIMES | rsa TIMES KEY.pem\n",
              stderr);
        return 2;
    }
    return 0;
}
