// Functions that do what inline PTX does on the device: matrix products, ldmatrix,
// cp.async, lop3.
//
// Sources wrap each such instruction once: with the function below under #ifdef
// MEDNER_HOST, and with asm otherwise. Lanes hold the parts of a matrix that the PTX
// manual says for its shape.
#pragma once
#include "numbers.hpp"
#include "warp.hpp"

namespace shim {

inline float from_bf16(unsigned h) { return bits<float>(h << 16); }

inline float from_f16(unsigned h) {
	unsigned sign = (h & 0x8000) << 16, e = h >> 10 & 31, m = h & 1023;
	if (e == 31) return bits<float>(sign | 0x7f800000 | m << 13);
	if (e) return bits<float>(sign | (e + 112) << 23 | m << 13);
	float v = float(m) * 0x1p-24f;
	return sign ? -v : v;
}

struct Mma {
	float d[4];
	const unsigned *a, *b;
	const float *c;
};

// resolve_mma computes m16n8k16, row by column, with sums of 32 bits. Products and
// their sum are computed in double and rounded once; how hardware rounds isn't
// documented.
template <float (*from)(unsigned)> void resolve_mma(void *at[32], unsigned mask) {
	if (mask != ~0u) scheduler.fail(launch_failed, "mma: mask %08x, all 32 lanes take part in it", mask);
	auto lane = [&](unsigned i) { return static_cast<Mma *>(at[i]); };
	double a[16][16], b[16][8];
	for (unsigned l = 0; l < 32; l++) {
		unsigned g = l / 4, t = l % 4;
		for (unsigned r = 0; r < 4; r++)
			for (unsigned h = 0; h < 2; h++)
				a[g + 8 * (r % 2)][t * 2 + 8 * (r / 2) + h] = from(lane(l)->a[r] >> (16 * h) & 0xffff);
		for (unsigned r = 0; r < 2; r++)
			for (unsigned h = 0; h < 2; h++) b[t * 2 + 8 * r + h][g] = from(lane(l)->b[r] >> (16 * h) & 0xffff);
	}
	for (unsigned l = 0; l < 32; l++)
		for (unsigned r = 0; r < 4; r++) {
			unsigned row = l / 4 + 8 * (r / 2), column = l % 4 * 2 + r % 2;
			double sum = lane(l)->c[r];
			for (unsigned k = 0; k < 16; k++) sum += a[row][k] * b[k][column];
			lane(l)->d[r] = float(sum);
		}
}

inline void mma(float d[4], const unsigned a[4], const unsigned b[2], const float c[4], Resolve resolve, const char *what,
                unsigned line) {
	Mma operands{{}, a, b, c};
	collective(~0u, &operands, resolve, what, line);
	memcpy(d, operands.d, sizeof operands.d);
}

// mma_bf16 does mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32. d may be c.
inline void mma_bf16(float d[4], const unsigned a[4], const unsigned b[2], const float c[4], SHIM_LINE) {
	mma(d, a, b, c, resolve_mma<from_bf16>, "mma", line);
}
// mma_f16 does mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32.
inline void mma_f16(float d[4], const unsigned a[4], const unsigned b[2], const float c[4], SHIM_LINE) {
	mma(d, a, b, c, resolve_mma<from_f16>, "mma", line);
}

struct Ldmatrix {
	unsigned result[4];
	const char *row;
};

template <int n, bool transposed> void resolve_ldmatrix(void *at[32], unsigned mask) {
	if (mask != ~0u) scheduler.fail(launch_failed, "ldmatrix: mask %08x, all 32 lanes take part in it", mask);
	for (int m = 0; m < n; m++) {
		uint16_t matrix[8][8];
		for (int r = 0; r < 8; r++) {
			const char *row = static_cast<Ldmatrix *>(at[8 * m + r])->row;
			if (reinterpret_cast<uintptr_t>(row) % 16)
				scheduler.fail(misaligned_address, "ldmatrix: lane %d's row %p is not aligned to 16 bytes", 8 * m + r, row);
			race_read(row, 16);
			memcpy(matrix[r], row, 16);
		}
		for (int l = 0; l < 32; l++) {
			int i = l / 4, j = l % 4 * 2;
			unsigned low = transposed ? matrix[j][i] : matrix[i][j], high = transposed ? matrix[j + 1][i] : matrix[i][j + 1];
			static_cast<Ldmatrix *>(at[l])->result[m] = low | high << 16;
		}
	}
}

// ldmatrix does ldmatrix.sync.aligned.m8n8.xN[.trans].shared.b16. Lane 8m+r gives the
// address of row r of matrix m.
template <int n, bool transposed = false> void ldmatrix(unsigned *result, const void *row, SHIM_LINE) {
	static_assert(n == 1 || n == 2 || n == 4, "ldmatrix loads 1, 2 or 4 matrices");
	Ldmatrix operands{{}, static_cast<const char *>(row)};
	collective(~0u, &operands, resolve_ldmatrix<n, transposed>, "ldmatrix", line);
	memcpy(result, operands.result, n * sizeof *result);
}

// copy_async does cp.async.ca/cg.shared.global: it copies valid bytes, and then zeros
// up to bytes. By the seed the copy happens at once, or no earlier than it is waited
// for.
inline void copy_async(void *shared, const void *global, unsigned bytes, unsigned valid) {
	Scheduler &s = scheduler;
	if (bytes != 4 && bytes != 8 && bytes != 16) s.fail(launch_failed, "cp.async of %u bytes", bytes);
	if ((reinterpret_cast<uintptr_t>(shared) | reinterpret_cast<uintptr_t>(global)) % bytes)
		s.fail(misaligned_address, "cp.async of %u bytes from %p to %p", bytes, global, shared);
	s.current->copies.back().push_back({shared, global, valid, bytes - valid});
}
inline void copy_async(void *shared, const void *global, unsigned bytes) { copy_async(shared, global, bytes, bytes); }

inline void copy_do(const Copy &c) {
	race_read(c.from, c.bytes);
	race_write(c.to, c.bytes + c.zeros);
	memcpy(c.to, c.from, c.bytes);
	memset(static_cast<char *>(c.to) + c.bytes, 0, c.zeros);
}

inline void copies_finish(Thread &t, size_t groups_left) {
	while (t.copies.size() > groups_left + 1) {
		for (const Copy &c : t.copies.front()) copy_do(c);
		t.copies.erase(t.copies.begin());
	}
}

// copy_commit does cp.async.commit_group.
inline void copy_commit() {
	Thread &t = *scheduler.current;
	t.copies.emplace_back();
	if (scheduler.launch.seed && scheduler.random.below(2)) copies_finish(t, 0);
}
// copy_wait does cp.async.wait_group n: it waits for all groups but the last n.
inline void copy_wait(int n) { copies_finish(*scheduler.current, size_t(n)); }
// copy_wait_all does cp.async.wait_all: it waits for all copies, committed or not.
inline void copy_wait_all() {
	scheduler.current->copies.emplace_back();
	copies_finish(*scheduler.current, 0);
}

// lop3 does lop3.b32: a function of three bits, given by its table.
inline unsigned lop3(unsigned a, unsigned b, unsigned c, unsigned table) {
	unsigned r = 0;
	for (unsigned i = 0; i < 8; i++)
		if (table >> i & 1) r |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
	return r;
}

// dynamic_shared returns the dynamic shared memory of the block, aligned to 16 bytes.
inline char *dynamic_shared() { return scheduler.dynamic; }

} // namespace shim
