// embed sets out[row] = W[ids[row]], dequantised, for the rows of one adapter
// (adapters 0: all rows). A thread block does a row.

template <int kind>
INLINE void embed(float *out, const int *ids, const int *count, int most, const char *w, int rows, int k, const int *adapters,
                  int adapter) {
	int row = blockIdx.x;
	if (row >= row_count(count, most) || (adapters && adapters[row] != adapter)) return;
	int id = ids[row];
	if (id < 0 || id >= rows) return; // the host checks ids; nothing outside W is read
	const char *tile = w + id / TILE_ROWS * tile_bytes<kind>(k);
	for (int i = threadIdx.x; i < k; i += blockDim.x) out[(size_t)row * k + i] = weight_at<kind>(tile, k, id % TILE_ROWS, i);
}

#define EMBED(name, kind)                                                                                              \
	KERNEL medner_embed_##name(float *out, const int *ids, const int *count, int most, const char *w, int rows, int k,   \
	                           const int *adapters, int adapter) {                                                     \
		embed<kind>(out, ids, count, most, w, rows, k, adapters, adapter);                                               \
	}
EACH_KIND(EMBED)
