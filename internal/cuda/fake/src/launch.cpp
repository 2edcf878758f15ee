// Attributes of kernels; launches, with the limits of a device; graphs.
#include "state.hpp"

namespace fake {

static std::shared_ptr<Function> function_of(Context &c, const void *handle) {
	auto it = c.functions.find(handle);
	return it == c.functions.end() ? nullptr : it->second.lock();
}

// shared_limit returns the bytes of shared memory that a block may have, by compute
// capability.
static size_t shared_limit() {
	long long capability = state().settings["capability"];
	if (capability == 86 || capability == 89 || capability == 120) return 99 << 10;
	return capability >= 90 ? 227 << 10 : 163 << 10;
}

static int check(const Function &f, dim3 grid, dim3 block, size_t shared) {
	const char *name = f.name.c_str();
	if (!grid.x || !grid.y || !grid.z || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535)
		return say(invalid_value, "%s: grid %u×%u×%u", name, grid.x, grid.y, grid.z);
	uint64_t threads = uint64_t(block.x) * block.y * block.z;
	if (!threads || block.x > 1024 || block.y > 1024 || block.z > 64 || threads > 1024)
		return say(invalid_value, "%s: block %u×%u×%u", name, block.x, block.y, block.z);
	if (threads > f.max_threads)
		return say(out_of_resources, "%s: %u threads, its launch bounds allow %u", name, unsigned(threads), f.max_threads);
	if (shared > f.dynamic_limit || shared + f.static_shared > shared_limit())
		return say(invalid_value, "%s: %zu bytes of dynamic shared memory beside %zu static, %zu allowed", name, shared, f.static_shared,
		           f.dynamic_limit);
	return success;
}

// copy_arguments copies the arguments of a launch, in the sizes that the PTX says. A
// binding may end the list with nullptr, which a real driver doesn't read: then their
// number is checked.
static int copy_arguments(const Function &f, void **arguments, std::vector<uint64_t> &words) {
	bool counted = state().settings["count_arguments"];
	for (size_t i = 0; i < f.sizes.size(); i++) {
		if (counted && !arguments[i]) return say(invalid_value, "%s takes %zu arguments, got %zu", f.name.c_str(), f.sizes.size(), i);
		uint64_t word = 0;
		memcpy(&word, arguments[i], f.sizes[i]);
		words.push_back(word);
	}
	if (counted && arguments[f.sizes.size()]) return say(invalid_value, "%s takes %zu arguments, got more", f.name.c_str(), f.sizes.size());
	return success;
}

static shim::Result run(const Function &f, const std::vector<uint64_t> &words, const shim::Launch &launch) {
	State &s = state();
	s.counts["launches"]++;
	if (f.unloaded) return {shim::launch_failed, f.name + ": its module was unloaded"};
	if (s.settings.due("lose_launch")) return {shim::launch_failed, "a planted failure"};
	std::vector<const void *> at;
	for (const uint64_t &w : words) at.push_back(&w);
	shim::Result r = shim::run(launch, [&] { f.kernel->call(at.data()); });
	if (r.code) r.message = f.name + ", " + r.message;
	return r;
}

} // namespace fake

using namespace fake;

ENTRY cuFuncGetAttribute(int *value, int attribute, void *handle) {
	return with_context("cuFuncGetAttribute", [&](Context &c) {
		auto f = function_of(c, handle);
		if (!f) return say(invalid_handle, "no such kernel");
		switch (attribute) {
		case 0: *value = int(f->max_threads); break;
		case 1: *value = int(f->static_shared); break;
		case 2: case 3: *value = 0; break; // constant, local memory
		case 4: *value = 32; break;        // registers
		case 8: *value = int(f->dynamic_limit); break;
		default: return say(invalid_value, "attribute %d isn't faked", attribute);
		}
		return int(success);
	});
}

ENTRY cuFuncSetAttribute(void *handle, int attribute, int value) {
	return with_context("cuFuncSetAttribute", [&](Context &c) {
		auto f = function_of(c, handle);
		if (!f) return say(invalid_handle, "no such kernel");
		if (attribute != 8) return say(invalid_value, "attribute %d can't be set here", attribute);
		if (value < 0 || size_t(value) + f->static_shared > shared_limit())
			return say(invalid_value, "%s: %d bytes of dynamic shared memory beside %zu static", f->name.c_str(), value, f->static_shared);
		f->dynamic_limit = size_t(value);
		return int(success);
	});
}

ENTRY cuLaunchKernel(void *handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                     void *stream, void **arguments, void **extra) {
	return with_context("cuLaunchKernel", [&](Context &c) {
		auto f = function_of(c, handle);
		if (!f) return say(invalid_handle, "no such kernel");
		if (extra || !arguments) return say(invalid_value, "%s: no list of arguments", f->name.c_str());
		shim::Launch launch;
		launch.grid = dim3(gx, gy, gz), launch.block = dim3(bx, by, bz), launch.shared = shared;
		if (int r = check(*f, launch.grid, launch.block, shared)) return r;
		std::vector<uint64_t> words;
		if (int r = copy_arguments(*f, arguments, words)) return r;
		if (state().settings.due("fail_launch")) return say(int(state().settings["fail_launch_code"]), "a planted failure");
		auto run = [f, words, launch](uint64_t seed) mutable {
			launch.seed = seed;
			return fake::run(*f, words, launch);
		};
		return push(c, stream, {Op::work, run, nullptr, 0});
	});
}

ENTRY cuStreamBeginCapture_v2(void *handle, int mode) {
	return with_context("cuStreamBeginCapture_v2", [&](Context &c) {
		Stream *s = stream_of(c, handle);
		if (!s) return say(invalid_handle, "no such stream");
		if (!handle) return say(capture_unsupported, "the default stream can't be captured");
		if (s->capture) return say(invalid_value, "the stream is being captured already");
		s->capture = std::make_shared<Graph>();
		s->relaxed = mode == 2;
		s->invalidated = false;
		return int(success);
	});
}

ENTRY cuStreamEndCapture(void *handle, void **out) {
	return with_context("cuStreamEndCapture", [&](Context &c) {
		Stream *s = stream_of(c, handle);
		if (!s || !s->capture) return say(invalid_value, "no such stream, or it isn't being captured");
		auto graph = std::move(s->capture);
		s->capture = nullptr;
		*out = nullptr;
		if (s->invalidated) return say(capture_invalidated, "the capture was spoilt by an earlier call");
		*out = c.graphs.add(graph);
		return int(success);
	});
}

ENTRY cuGraphInstantiateWithFlags(void **out, void *handle, unsigned long long) {
	return with_context("cuGraphInstantiateWithFlags", [&](Context &c) {
		auto g = c.graphs.find(handle);
		if (!g) return say(invalid_handle, "no such graph");
		if (state().settings.due("fail_instantiate")) return say(out_of_memory, "a planted failure");
		*out = c.execs.add(std::make_shared<Graph>(*g));
		return int(success);
	});
}

ENTRY cuGraphLaunch(void *handle, void *stream) {
	return with_context("cuGraphLaunch", [&](Context &c) {
		auto g = c.execs.find(handle);
		if (!g) return say(invalid_handle, "no such graph");
		state().counts["graph launches"]++;
		for (const Op &op : g->ops)
			if (int r = push(c, stream, op)) return r;
		return int(success);
	});
}

ENTRY cuGraphDestroy(void *handle) {
	return with_context("cuGraphDestroy", [&](Context &c) {
		return c.graphs.remove(handle) ? int(success) : say(invalid_handle, "no such graph");
	});
}

ENTRY cuGraphExecDestroy(void *handle) {
	return with_context("cuGraphExecDestroy", [&](Context &c) {
		return c.execs.remove(handle) ? int(success) : say(invalid_handle, "no such graph");
	});
}
