// The greedy choice, as kernels.Selector makes it: penalty, mask, lowest id of
// the best; log-probabilities by the raw logits. The vocabulary is cut into
// chunks of 1024: scan, then sums of exponentials, then one block a row joins
// what the chunks found.

#define CHUNK 1024
#define SELECT_THREADS 256

// A Choice says under what a row chooses. Bitmaps have id i in bit i%64 of word
// i/64, and zeros past their end.
struct Choice {
	uint64_t seen, allowed; // bitmaps; allowed 0: all
	uint64_t also, probe;   // ids, int
	int seen_words, allowed_words, alsos, probes;
	float penalty;
	int row; // of the logits
	int pad[2];
};

// An Outcome is what a row chose.
struct Outcome {
	int id;
	float log_prob;
	int status; // 0 chosen; 1 not finite: bad and value say which; 2 nothing allowed
	int bad;
	float value;
	int pad[3];
};

// A Found is what a chunk has.
struct Found {
	float greatest; // raw
	float best;     // penalised, allowed
	int id;         // of best; -1: none allowed
	int bad;        // the first that is not finite; -1: none
	float sum;      // Σ exp(logit - greatest of all)
};

INLINE bool in_bitmap(const uint64_t *map, int words, int id) { return id / 64 < words && map[id / 64] >> (id % 64) & 1; }

// better says whether (v, id) precedes (best, at); at -1: there is none yet.
INLINE bool better(float v, int id, float best, int at) { return id >= 0 && (at < 0 || v > best || (v == best && id < at)); }

INLINE void join(Found &a, const Found &b) {
	if (b.greatest > a.greatest) a.greatest = b.greatest;
	if (better(b.best, b.id, a.best, a.id)) a.best = b.best, a.id = b.id;
	if (b.bad >= 0 && (a.bad < 0 || b.bad < a.bad)) a.bad = b.bad;
}

// join_block leaves what all threads found in found[0].
INLINE void join_block(Found *found) {
	int i = threadIdx.x;
	__syncthreads();
	for (int h = SELECT_THREADS / 2; h > 0; h /= 2) {
		if (i < h) join(found[i], found[i + h]);
		__syncthreads();
	}
}

// Scan: grid chunks, rows.
KERNEL __launch_bounds__(SELECT_THREADS)
    medner_select_scan(Found *work, const Choice *choices, const float *logits, const int *count, int most, int vocab) {
	__shared__ Found found[SELECT_THREADS];
	__shared__ unsigned extra[CHUNK / 32]; // what also adds to seen
	int row = blockIdx.y, i = threadIdx.x, from = blockIdx.x * CHUNK;
	if (row >= row_count(count, most)) return;
	const Choice &c = choices[row];
	logits += (size_t)c.row * vocab;
	bool penalise = c.penalty != 0 && c.penalty != 1;
	if (i < CHUNK / 32) extra[i] = 0;
	__syncthreads();
	if (penalise)
		for (int j = i; j < c.alsos; j += SELECT_THREADS) {
			int id = reinterpret_cast<const int *>(c.also)[j] - from;
			if (id >= 0 && id < CHUNK) atomicOr(&extra[id / 32], 1u << (id % 32));
		}
	__syncthreads();
	const uint64_t *seen = reinterpret_cast<const uint64_t *>(c.seen), *allowed = reinterpret_cast<const uint64_t *>(c.allowed);
	Found f = {__uint_as_float(0xff800000), 0, -1, -1, 0};
	for (int at = i; at < CHUNK && from + at < vocab; at += SELECT_THREADS) {
		int id = from + at;
		float v = logits[id];
		if (v > f.greatest) f.greatest = v;
		if (v - v != 0 && f.bad < 0) f.bad = id;
		if (penalise && (in_bitmap(seen, c.seen_words, id) || extra[at / 32] >> (at % 32) & 1))
			v = v < 0 ? v * c.penalty : v / c.penalty;
		if ((!allowed || in_bitmap(allowed, c.allowed_words, id)) && better(v, id, f.best, f.id)) f.best = v, f.id = id;
	}
	found[i] = f;
	join_block(found);
	if (i == 0) work[(size_t)row * gridDim.x + blockIdx.x] = found[0];
}

// Sums: grid chunks, rows. 16 partial sums by index mod 16 in a chunk.
KERNEL __launch_bounds__(SELECT_THREADS)
    medner_select_sum(Found *work, const Choice *choices, const float *logits, const int *count, int most, int vocab) {
	__shared__ Found found[SELECT_THREADS];
	__shared__ float terms[CHUNK];
	int row = blockIdx.y, i = threadIdx.x, from = blockIdx.x * CHUNK, n = min(CHUNK, vocab - from);
	if (row >= row_count(count, most)) return;
	logits += (size_t)choices[row].row * vocab + from;
	work += (size_t)row * gridDim.x;
	float greatest = __uint_as_float(0xff800000);
	for (int chunk = i; chunk < gridDim.x; chunk += SELECT_THREADS)
		if (work[chunk].greatest > greatest) greatest = work[chunk].greatest;
	found[i] = {greatest, 0, -1, -1, 0};
	join_block(found);
	greatest = found[0].greatest;
	for (int at = i; at < n; at += SELECT_THREADS) terms[at] = exp32(logits[at] - greatest);
	__syncthreads();
	float s = 0;
	if (i < 16)
		for (int at = i; at < n; at += 16) s += terms[at];
	__syncthreads();
	if (i < 16) terms[i] = s;
	__syncthreads();
	if (i == 0) work[blockIdx.x].sum = join_sums(terms);
}

// Finish: a block a row. chunks' sums are joined in double, ascending.
KERNEL __launch_bounds__(SELECT_THREADS)
    medner_select_finish(Outcome *outcomes, float *probes, int most_probes, const Found *work, const Choice *choices,
                         const float *logits, const int *count, int most, int vocab, int chunks) {
	__shared__ Found found[SELECT_THREADS];
	__shared__ float sums[SELECT_THREADS];
	__shared__ double lse;
	int row = blockIdx.x, i = threadIdx.x;
	if (row >= row_count(count, most)) return;
	const Choice &c = choices[row];
	logits += (size_t)c.row * vocab;
	work += (size_t)row * chunks;
	Found f = {__uint_as_float(0xff800000), 0, -1, -1, 0};
	for (int chunk = i; chunk < chunks; chunk += SELECT_THREADS) join(f, work[chunk]);
	found[i] = f;
	join_block(found);
	f = found[0];
	double sum = 0; // of thread 0
	for (int from = 0; from < chunks; from += SELECT_THREADS) {
		__syncthreads();
		if (from + i < chunks) sums[i] = work[from + i].sum;
		__syncthreads();
		if (i == 0)
			for (int chunk = 0; chunk < min(SELECT_THREADS, chunks - from); chunk++) sum += (double)sums[chunk];
	}
	if (i == 0) {
		lse = (double)f.greatest + log64(sum);
		Outcome o = {f.id, 0, f.bad >= 0 ? 1 : f.id < 0 ? 2 : 0, f.bad, f.bad >= 0 ? logits[f.bad] : 0, {0, 0, 0}};
		if (o.status == 0) o.log_prob = (float)((double)logits[f.id] - lse);
		outcomes[row] = o;
	}
	__syncthreads();
	for (int j = i; j < c.probes && j < most_probes; j += SELECT_THREADS) {
		int id = reinterpret_cast<const int *>(c.probe)[j];
		if (id >= 0 && id < vocab) probes[(size_t)row * most_probes + j] = (float)((double)logits[id] - lse);
	}
}
