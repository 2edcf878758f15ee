// Initialisation, devices, contexts, error names.
#include "state.hpp"

namespace fake {

Context::~Context() {
	while (!memory.empty()) release(*this, memory.begin()->first);
	while (!pinned.empty()) release_pinned(*this, reinterpret_cast<void *>(pinned.begin()->first));
}

const char *name_of(int code) {
	static const std::map<int, const char *> names = {
	    {success, "CUDA_SUCCESS"},
	    {invalid_value, "CUDA_ERROR_INVALID_VALUE"},
	    {out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY"},
	    {not_initialized, "CUDA_ERROR_NOT_INITIALIZED"},
	    {no_device, "CUDA_ERROR_NO_DEVICE"},
	    {invalid_device, "CUDA_ERROR_INVALID_DEVICE"},
	    {invalid_image, "CUDA_ERROR_INVALID_IMAGE"},
	    {invalid_context, "CUDA_ERROR_INVALID_CONTEXT"},
	    {no_binary, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
	    {invalid_ptx, "CUDA_ERROR_INVALID_PTX"},
	    {unsupported_ptx, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
	    {invalid_handle, "CUDA_ERROR_INVALID_HANDLE"},
	    {not_found, "CUDA_ERROR_NOT_FOUND"},
	    {not_ready, "CUDA_ERROR_NOT_READY"},
	    {illegal_address, "CUDA_ERROR_ILLEGAL_ADDRESS"},
	    {out_of_resources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
	    {shim::misaligned_address, "CUDA_ERROR_MISALIGNED_ADDRESS"},
	    {launch_failed, "CUDA_ERROR_LAUNCH_FAILED"},
	    {not_supported, "CUDA_ERROR_NOT_SUPPORTED"},
	    {capture_unsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"},
	    {capture_invalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"},
	    {capture_isolation, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION"},
	};
	auto it = names.find(code);
	return it == names.end() ? nullptr : it->second;
}

static bool device_exists(int device) { return device >= 0 && device < state().settings["devices"]; }

} // namespace fake

using namespace fake;

ENTRY cuInit(unsigned flags) {
	Guard guard;
	State &s = state();
	if (flags) return say(invalid_value, "cuInit: flags %u", flags);
	if (s.settings["fail_init"]) return int(s.settings["fail_init"]);
	if (s.settings["devices"] == 0) return no_device;
	s.initialised = true;
	return success;
}

ENTRY cuDriverGetVersion(int *version) {
	Guard guard;
	*version = int(state().settings["driver_version"]);
	return success;
}

ENTRY cuGetErrorName(int code, const char **name) {
	*name = name_of(code);
	return *name ? success : invalid_value;
}

ENTRY cuGetErrorString(int code, const char **text) { return cuGetErrorName(code, text); }

ENTRY cuDeviceGetCount(int *count) {
	Guard guard;
	if (int r = enter("cuDeviceGetCount")) return r;
	*count = int(state().settings["devices"]);
	return success;
}

ENTRY cuDeviceGet(int *device, int ordinal) {
	Guard guard;
	if (int r = enter("cuDeviceGet")) return r;
	if (!device_exists(ordinal)) return invalid_device;
	*device = ordinal;
	return success;
}

ENTRY cuDeviceGetName(char *name, int length, int device) {
	Guard guard;
	if (int r = enter("cuDeviceGetName")) return r;
	if (!device_exists(device)) return invalid_device;
	snprintf(name, size_t(length), "Fake GPU %d", device);
	return success;
}

ENTRY cuDeviceTotalMem_v2(size_t *bytes, int device) {
	Guard guard;
	if (int r = enter("cuDeviceTotalMem_v2")) return r;
	if (!device_exists(device)) return invalid_device;
	*bytes = size_t(state().settings["memory"]);
	return success;
}

ENTRY cuDeviceGetAttribute(int *value, int attribute, int device) {
	Guard guard;
	if (int r = enter("cuDeviceGetAttribute")) return r;
	if (!device_exists(device)) return invalid_device;
	int capability = int(state().settings["capability"]);
	static const std::map<int, int> attributes = {
	    {1, 1024}, {2, 1024}, {3, 1024}, {4, 64}, {5, 0x7fffffff}, {6, 65535}, {7, 65535}, // threads, block, grid
	    {8, 48 << 10}, {10, 32}, {13, 1980000}, {16, 4}, // shared, warp, clock, multiprocessors
	    {36, 3201000}, {37, 6016}, {38, 50 << 20}, // memory clock, bus, L2
	};
	auto it = attributes.find(attribute);
	if (attribute == 75 || attribute == 76)
		*value = attribute == 75 ? capability / 10 : capability % 10;
	else if (attribute == 97) // shared memory of a block, with consent
		*value = capability >= 90 ? 227 << 10 : 163 << 10;
	else if (it != attributes.end())
		*value = it->second;
	else
		return say(invalid_value, "cuDeviceGetAttribute: attribute %d isn't faked", attribute);
	return success;
}

ENTRY cuCtxCreate_v2(void **out, unsigned, int device) {
	Guard guard;
	if (int r = enter("cuCtxCreate_v2")) return r;
	if (!device_exists(device)) return invalid_device;
	auto context = std::make_shared<Context>();
	context->device = device;
	*out = state().contexts.add(context);
	current = context;
	return success;
}

ENTRY cuCtxDestroy_v2(void *handle) {
	Guard guard;
	if (int r = enter("cuCtxDestroy_v2")) return r;
	auto context = state().contexts.find(handle);
	if (!context) return say(invalid_context, "cuCtxDestroy_v2: no such context");
	if (!context->lost) drain_all(*context);
	for (auto &[name, n] : context->held()) state().dropped[name] += n;
	state().contexts.remove(handle);
	return success;
}

ENTRY cuCtxSetCurrent(void *handle) {
	Guard guard;
	if (int r = enter("cuCtxSetCurrent")) return r;
	auto context = state().contexts.find(handle);
	if (handle && !context) return say(invalid_context, "cuCtxSetCurrent: no such context");
	current = context;
	return success;
}

ENTRY cuCtxGetCurrent(void **handle) {
	Guard guard;
	if (int r = enter("cuCtxGetCurrent")) return r;
	*handle = nullptr;
	for (auto &[h, context] : state().contexts.all)
		if (context == current.lock()) *handle = reinterpret_cast<void *>(h);
	return success;
}

ENTRY cuCtxSynchronize() {
	return with_context("cuCtxSynchronize", [&](Context &c) {
		if (capturing(c)) return int(capture_unsupported);
		return drain_all(c);
	});
}
