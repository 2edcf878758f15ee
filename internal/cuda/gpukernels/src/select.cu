// The greedy choice, as the host makes it (package hostchoice): the best of the
// logits that are allowed, after the penalty, and the lowest id of equals;
// log-probabilities by the raw logits. The vocabulary is cut into chunks of 1024.
// There are three launches: scan finds the best of each chunk, sum adds up each
// chunk's exponentials, and in finish one thread block for each row joins the
// chunks.

#define CHUNK 1024
#define SELECT_THREADS 256

// A Rule says which logits a choice is made from, and under what penalty and mask
// (gpukernels.PutRule writes it). A bitmap has id i in bit i%64 of word i/64; ids
// past its end are not in it.
struct Rule {
	uint64_t penalised, allowed;        // bitmaps; allowed 0: all ids
	uint64_t drafted, probes;           // lists of ids, int; drafted ids are penalised too
	int penalised_words, allowed_words; // 64-bit words of the bitmaps
	int drafted_ids, probe_ids;         // lengths of the lists
	float penalty;
	int row; // of the logits
	int pad[2];
};

// A Choice is what was chosen (gpukernels.ReadChoice reads it).
struct Choice {
	int id;
	float log_prob;
	int status; // 0: chosen; 1: a logit is not finite, namely bad, which has value; 2: nothing is allowed
	int bad;
	float value;
	int pad[3];
};

// A Found is what was found in a chunk, or a part of one.
struct Found {
	float greatest; // the greatest raw logit
	float best;     // the best allowed logit, after the penalty
	int id;         // of best; -1: no id is allowed
	int bad;        // the first id whose logit is not finite; -1: none
	float sum;      // Σ exp(logit - the greatest of all chunks)
};

INLINE bool in_bitmap(const uint64_t *map, int words, int id) { return id / 64 < words && map[id / 64] >> (id % 64) & 1; }

// better says whether the logit v of id goes before the best, of at; at -1: there is no
// best yet.
INLINE bool better(float v, int id, float best, int at) { return id >= 0 && (at < 0 || v > best || (v == best && id < at)); }

// join adds what b found to a.
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

// scan fills in all of work but the sums. Grid: chunks, rows.
KERNEL __launch_bounds__(SELECT_THREADS)
    medner_select_scan(Found *work, const Rule *rules, const float *logits, const int *count, int most, int vocab) {
	__shared__ Found found[SELECT_THREADS];
	__shared__ unsigned extra[CHUNK / 32]; // bitmap of the drafted ids in the chunk
	int row = blockIdx.y, i = threadIdx.x, from = blockIdx.x * CHUNK;
	if (row >= row_count(count, most)) return;
	const Rule &c = rules[row];
	logits += (size_t)c.row * vocab;
	bool penalise = c.penalty != 0 && c.penalty != 1;
	if (i < CHUNK / 32) extra[i] = 0;
	__syncthreads();
	if (penalise)
		for (int j = i; j < c.drafted_ids; j += SELECT_THREADS) {
			int id = reinterpret_cast<const int *>(c.drafted)[j] - from;
			if (id >= 0 && id < CHUNK) atomicOr(&extra[id / 32], 1u << (id % 32));
		}
	__syncthreads();
	const uint64_t *penalised = reinterpret_cast<const uint64_t *>(c.penalised), *allowed = reinterpret_cast<const uint64_t *>(c.allowed);
	Found f = {__uint_as_float(0xff800000), 0, -1, -1, 0};
	for (int at = i; at < CHUNK && from + at < vocab; at += SELECT_THREADS) {
		int id = from + at;
		float v = logits[id];
		if (v > f.greatest) f.greatest = v;
		if (v - v != 0 && f.bad < 0) f.bad = id;
		if (penalise && (in_bitmap(penalised, c.penalised_words, id) || extra[at / 32] >> (at % 32) & 1))
			v = v < 0 ? v * c.penalty : v / c.penalty;
		if ((!allowed || in_bitmap(allowed, c.allowed_words, id)) && better(v, id, f.best, f.id)) f.best = v, f.id = id;
	}
	found[i] = f;
	join_block(found);
	if (i == 0) work[(size_t)row * gridDim.x + blockIdx.x] = found[0];
}

// sum fills in the sums: of each chunk 16 partial sums, by index mod 16. Grid: chunks,
// rows.
KERNEL __launch_bounds__(SELECT_THREADS)
    medner_select_sum(Found *work, const Rule *rules, const float *logits, const int *count, int most, int vocab) {
	__shared__ Found found[SELECT_THREADS];
	__shared__ float terms[CHUNK];
	int row = blockIdx.y, i = threadIdx.x, from = blockIdx.x * CHUNK, n = min(CHUNK, vocab - from);
	if (row >= row_count(count, most)) return;
	logits += (size_t)rules[row].row * vocab + from;
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

// finish writes the choices and the log-probabilities of the probes. A thread block does
// a row. The sums of chunks are added in double, ascending.
KERNEL __launch_bounds__(SELECT_THREADS)
    medner_select_finish(Choice *choices, float *probes, int most_probes, const Found *work, const Rule *rules,
                         const float *logits, const int *count, int most, int vocab, int chunks) {
	__shared__ Found found[SELECT_THREADS];
	__shared__ float sums[SELECT_THREADS];
	__shared__ double lse;
	int row = blockIdx.x, i = threadIdx.x;
	if (row >= row_count(count, most)) return;
	const Rule &c = rules[row];
	logits += (size_t)c.row * vocab;
	work += (size_t)row * chunks;
	Found f = {__uint_as_float(0xff800000), 0, -1, -1, 0};
	for (int chunk = i; chunk < chunks; chunk += SELECT_THREADS) join(f, work[chunk]);
	found[i] = f;
	join_block(found);
	f = found[0];
	double sum = 0; // thread 0 has it
	for (int from = 0; from < chunks; from += SELECT_THREADS) {
		__syncthreads();
		if (from + i < chunks) sums[i] = work[from + i].sum;
		__syncthreads();
		if (i == 0)
			for (int chunk = 0; chunk < min(SELECT_THREADS, chunks - from); chunk++) sum += (double)sums[chunk];
	}
	if (i == 0) {
		lse = (double)f.greatest + log64(sum);
		Choice o = {f.id, 0, f.bad >= 0 ? 1 : f.id < 0 ? 2 : 0, f.bad, f.bad >= 0 ? logits[f.bad] : 0, {0, 0, 0}};
		if (o.status == 0) o.log_prob = (float)((double)logits[f.id] - lse);
		choices[row] = o;
	}
	__syncthreads();
	for (int j = i; j < c.probe_ids && j < most_probes; j += SELECT_THREADS) {
		int id = reinterpret_cast<const int *>(c.probes)[j];
		if (id >= 0 && id < vocab) probes[(size_t)row * most_probes + j] = (float)((double)logits[id] - lse);
	}
}
