/* SPDX-License-Identifier: Apache-2.0 */
/* {s.*} that encode, escape and digest. */
#include "auth/digest.h"
#include "base/hash.h"
#include "pv/pv_priv.h"

/* ---- digests ---- */

static int32_t digested(struct run *r, const struct value *in, enum digest_alg alg, struct value *ret)
{
	struct str s, hex;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	hex = digest_hex(r->arena, alg, s);
	return hex.p ? tr_give(ret, hex) : TR_FAILED;
}

TR_FN(s_md5)
{
	return digested(r, in, DIGEST_MD5, ret);
}

TR_FN(s_sha1)
{
	return digested(r, in, DIGEST_SHA1, ret);
}

TR_FN(s_sha256)
{
	return digested(r, in, DIGEST_SHA256, ret);
}

TR_FN(s_sha384)
{
	return digested(r, in, DIGEST_SHA384, ret);
}

TR_FN(s_sha512)
{
	return digested(r, in, DIGEST_SHA512, ret);
}

static bool sha3_of(int64_t bits, enum digest_alg *alg)
{
	*alg = bits == 224 ? DIGEST_SHA3_224 : bits == 384 ? DIGEST_SHA3_384
	       : bits == 512 ? DIGEST_SHA3_512 : DIGEST_SHA3_256;
	return bits == 224 || bits == 256 || bits == 384 || bits == 512;
}

TR_FN(s_sha3)
{
	return digested(r, in, DIGEST_SHA3_256, ret);
}

TR_FN(s_sha3_n, int64_t bits)
{
	enum digest_alg alg;

	return sha3_of(bits, &alg) ? digested(r, in, alg, ret) : TR_FAILED;
}

TR_FN(s_keccak_n, int64_t bits)
{
	struct str s, hex;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	hex = digest_keccak_hex(r->arena, (unsigned)(bits > 0 && bits < 1024 ? bits : 0), s);
	return hex.p ? tr_give(ret, hex) : TR_FAILED;
}

TR_FN(s_keccak)
{
	return std_pv_tr_s_keccak_n(r, in, 256, ret);
}

TR_FN(s_crc32)
{
	struct str s;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	*ret = value_int(digest_crc32(s));
	return 0;
}

TR_FN(s_corehash_n, int64_t size)
{
	struct str s;
	uint32_t h;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	h = hash_core(s);
	return tr_give(ret, str_printf(r->arena, "%u", size ? h & ((uint32_t)size - 1) : h));
}

TR_FN(s_corehash)
{
	return std_pv_tr_s_corehash_n(r, in, 0, ret);
}

/* ---- hexadecimal ---- */

TR_FN(s_hexa)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++)
		sb_printf(&b, "%02x", (unsigned char)s.p[i]);
	return tr_give_sb(ret, &b);
}

/* An odd digit at the end does not count. */
TR_FN(s_unhexa)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i + 1 < s.n; i += 2) {
		int hi = hex_value(s.p[i]), lo = hex_value(s.p[i + 1]);

		if (hi < 0 || lo < 0)
			return TR_FAILED;
		sb_addc(&b, (char)(hi << 4 | lo));
	}
	return tr_give_sb(ret, &b);
}

/* ---- GSM 7 bit (3GPP TS 23.038): septets packed from the low end, as upper-case hex ---- */

TR_FN(s_7bit)
{
	struct str s;
	struct sb b;
	unsigned acc = 0, bits = 0;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		acc |= (unsigned)(s.p[i] & 0x7f) << bits;
		bits += 7;
		if (bits >= 8) {
			sb_printf(&b, "%02X", acc & 0xff);
			acc >>= 8;
			bits -= 8;
		}
	}
	if (bits)
		sb_printf(&b, "%02X", acc & 0xff);
	return tr_give_sb(ret, &b);
}

TR_FN(s_un7bit)
{
	struct str s;
	struct sb b;
	unsigned acc = 0, bits = 0;

	if (!tr_text(r, in, &s) || s.n % 2)
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i + 1 < s.n; i += 2) {
		int hi = hex_value(s.p[i]), lo = hex_value(s.p[i + 1]);

		if (hi < 0 || lo < 0)
			return TR_FAILED;
		acc |= (unsigned)(hi << 4 | lo) << bits;
		for (bits += 8; bits >= 7; bits -= 7, acc >>= 7)
			sb_addc(&b, (char)(acc & 0x7f));
	}
	while (b.n && b.p[b.n - 1] == 0) /* padding of the last byte */
		b.n--;
	return tr_give_sb(ret, &b);
}

/* ---- base 58 ---- */

static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

enum { BASE58_MAX = 2048 }; /* it is quadratic */

/* Digits of `base_in` to digits of `base_out`, most significant first; the number of them. */
static size_t rebase(const unsigned char *in, size_t n, unsigned base_in, unsigned char *out, unsigned base_out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned carry = in[i];

		for (size_t k = 0; k < len || carry; k++) {
			carry += k < len ? out[k] * base_in : 0;
			out[k] = (unsigned char)(carry % base_out);
			carry /= base_out;
			if (k >= len)
				len = k + 1;
		}
	}
	for (size_t k = 0; k < len / 2; k++) {
		unsigned char t = out[k];

		out[k] = out[len - 1 - k];
		out[len - 1 - k] = t;
	}
	return len;
}

TR_FN(s_base58)
{
	unsigned char digits[BASE58_MAX * 2] = {0}, bytes[BASE58_MAX] = {0};
	struct str s;
	struct sb b;
	size_t zeros = 0, n;

	if (!tr_text(r, in, &s) || s.n > BASE58_MAX)
		return TR_FAILED;
	for (size_t i = 0; i < s.n; i++)
		bytes[i] = (unsigned char)s.p[i];
	while (zeros < s.n && bytes[zeros] == 0)
		zeros++;
	n = rebase(bytes + zeros, s.n - zeros, 256, digits, 58);
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < zeros; i++)
		sb_addc(&b, base58[0]);
	for (size_t i = 0; i < n; i++)
		sb_addc(&b, base58[digits[i]]);
	return tr_give_sb(ret, &b);
}

TR_FN(s_unbase58)
{
	unsigned char digits[BASE58_MAX] = {0}, bytes[BASE58_MAX] = {0};
	struct str s;
	struct sb b;
	size_t zeros = 0, n;

	if (!tr_text(r, in, &s) || s.n > BASE58_MAX)
		return TR_FAILED;
	for (size_t i = 0; i < s.n; i++) {
		size_t v = str_chr(S(base58), s.p[i]);

		if (v == STR_NONE)
			return TR_FAILED;
		digits[i] = (unsigned char)v;
	}
	while (zeros < s.n && digits[zeros] == 0)
		zeros++;
	n = rebase(digits + zeros, s.n - zeros, 58, bytes, 256);
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < zeros; i++)
		sb_addc(&b, 0);
	for (size_t i = 0; i < n; i++)
		sb_addc(&b, (char)bytes[i]);
	return tr_give_sb(ret, &b);
}

/* ---- base 64 (RFC 4648 4, 5) ---- */

static const char *alphabet(bool url)
{
	return url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		   : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

static int32_t encode64(struct run *r, const struct value *in, bool url, bool pad, struct value *ret)
{
	const char *abc = alphabet(url);
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i += 3) {
		size_t n = s.n - i < 3 ? s.n - i : 3;
		uint32_t v = (uint32_t)(unsigned char)s.p[i] << 16;

		v |= n > 1 ? (uint32_t)(unsigned char)s.p[i + 1] << 8 : 0;
		v |= n > 2 ? (unsigned char)s.p[i + 2] : 0;
		for (size_t k = 0; k < 4; k++) {
			if (k <= n)
				sb_addc(&b, abc[v >> (18 - 6 * k) & 63]);
			else if (pad)
				sb_addc(&b, '=');
		}
	}
	return tr_give_sb(ret, &b);
}

static int32_t decode64(struct run *r, const struct value *in, bool url, struct value *ret)
{
	struct str s, abc = str_of(alphabet(url));
	uint32_t acc = 0;
	unsigned bits = 0;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	while (s.n && s.p[s.n - 1] == '=')
		s.n--;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		size_t v = str_chr(abc, s.p[i]);

		if (v == STR_NONE)
			return TR_FAILED;
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			sb_addc(&b, (char)(acc >> bits & 0xff));
		}
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_base64)
{
	return encode64(r, in, false, true, ret);
}

TR_FN(s_base64t)
{
	return encode64(r, in, false, false, ret);
}

TR_FN(s_base64url)
{
	return encode64(r, in, true, true, ret);
}

TR_FN(s_base64urlt)
{
	return encode64(r, in, true, false, ret);
}

/* Padding is required. */
TR_FN(s_unbase64)
{
	struct str s;

	if (tr_text(r, in, &s) && s.n % 4)
		return tr_give(ret, S(""));
	return decode64(r, in, false, ret);
}

TR_FN(s_unbase64t)
{
	return decode64(r, in, false, ret);
}

TR_FN(s_unbase64url)
{
	return decode64(r, in, true, ret);
}

/* ---- backslashes and quotes ---- */

TR_FN(s_escape_common)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\'' || c == '"' || c == '\\' || c == 0)
			sb_addc(&b, '\\');
		sb_addc(&b, c ? c : '0');
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_unescape_common)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;

		if (c == '\\' && (next == '\'' || next == '"' || next == '\\' || next == '0')) {
			c = next == '0' ? 0 : next;
			i++;
		}
		sb_addc(&b, c);
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_escape_crlf)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r' || s.p[i] == '\n')
			sb_addz(&b, s.p[i] == '\r' ? "\\r" : "\\n");
		else
			sb_addc(&b, s.p[i]);
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_unescape_crlf)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		char next = s.p[i] == '\\' && i + 1 < s.n ? s.p[i + 1] : 0;

		if (next == 'r' || next == 'n') {
			sb_addc(&b, next == 'r' ? '\r' : '\n');
			i++;
		} else {
			sb_addc(&b, s.p[i]);
		}
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_escape_csv)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	sb_addc(&b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			sb_addc(&b, '"');
		sb_addc(&b, s.p[i]);
	}
	sb_addc(&b, '"');
	return tr_give_sb(ret, &b);
}

/* ---- percent codes ---- */

/* Bytes besides letters and digits that stay. */
static int32_t percent(struct run *r, const struct value *in, struct str stay, struct value *ret)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (ascii_alpha(c) || ascii_digit(c) || (c && str_chr(stay, c) != STR_NONE))
			sb_addc(&b, c);
		else
			sb_printf(&b, "%%%02x", (unsigned char)c);
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_escape_user)
{
	return percent(r, in, S("-_.!~*'()&=+$,;?"), ret);
}

TR_FN(s_escape_param)
{
	return percent(r, in, S("-_.!~*'()[]/:&+$"), ret);
}

TR_FN(s_urlencode)
{
	return percent(r, in, S("-_.~"), ret);
}

/* Only printable characters may be written so: all else is a failure. */
static int32_t unpercent(struct run *r, const struct value *in, struct value *ret)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		int hi = s.p[i] == '%' && i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
		int lo = hi >= 0 ? hex_value(s.p[i + 2]) : -1;

		if (s.p[i] != '%') {
			sb_addc(&b, s.p[i]);
			continue;
		}
		if (lo < 0 || (hi << 4 | lo) < ' ' || (hi << 4 | lo) > '~')
			return TR_FAILED;
		sb_addc(&b, (char)(hi << 4 | lo));
		i += 2;
	}
	return tr_give_sb(ret, &b);
}

TR_FN(s_unescape_user)
{
	return unpercent(r, in, ret);
}

TR_FN(s_unescape_param)
{
	return unpercent(r, in, ret);
}

/* As the reference reads any byte, digit or not. */
static int loose_hex(char c)
{
	return ascii_digit(c) ? c - '0' : ascii_lower(c) - 'a' + 10;
}

/* A '%' without two bytes behind it is left out. */
TR_FN(s_urldecode)
{
	struct str s;
	struct sb b;

	if (!tr_text(r, in, &s))
		return TR_FAILED;
	sb_init(&b, r->arena, PV_TEXT_MAX);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '%') {
			sb_addc(&b, s.p[i] == '+' ? ' ' : s.p[i]);
		} else if (i + 2 < s.n) {
			sb_addc(&b, (char)(loose_hex(s.p[i + 1]) * 16 + loose_hex(s.p[i + 2])));
			i += 2;
		}
	}
	return tr_give_sb(ret, &b);
}
