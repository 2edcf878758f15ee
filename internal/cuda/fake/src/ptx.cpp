// Modules: what the PTX text says of its kernels, held against the kernels that
// are compiled in.
#include "state.hpp"
#include <regex>

namespace fake {

static size_t type_bytes(const std::string &type) { // ".u64", "f32", "b8"
	return size_t(atoi(type.c_str() + type.find_first_of("0123456789"))) / 8;
}

// shared_bytes adds up the shared variables that a piece of PTX declares.
static size_t shared_bytes(const std::string &text) {
	static const std::regex variable(R"(\.shared\s+\.align\s+(\d+)\s+\.(\w+)\s+[\w$]+((?:\[\d+\])*)\s*)");
	size_t total = 0;
	for (size_t at = 0; (at = text.find(".shared", at)) != std::string::npos; at++) {
		std::smatch m;
		std::string line = text.substr(at, text.find(';', at) - at); // no match: an instruction, or extern
		if (!std::regex_match(line, m, variable)) continue;
		size_t bytes = type_bytes(m[2]), align = std::stoul(m[1]);
		std::string dimensions = m[3];
		for (size_t d = 0; (d = dimensions.find('[', d)) != std::string::npos; d++) bytes *= std::stoul(dimensions.substr(d + 1));
		total = (total + align - 1) / align * align + bytes;
	}
	return total;
}

// parse_entry reads a kernel's head, "name(parameters) directives", and body.
static int parse_entry(const std::string &head, const std::string &body, size_t module_shared, Function &f) {
	static const std::regex name(R"(^\s*(\w+))"), parameter(R"(\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+\w+(\[\d+\])?)"),
	    limit(R"(\.maxntid\s+(\d+)(?:\s*,\s*(\d+))?(?:\s*,\s*(\d+))?)");
	std::smatch m;
	if (!std::regex_search(head, m, name)) return say(invalid_ptx, "an .entry without a name");
	f.name = m[1];
	for (std::sregex_iterator it(head.begin(), head.end(), parameter), end; it != end; ++it) {
		size_t bytes = type_bytes((*it)[1]);
		if ((*it)[2].matched) bytes *= std::stoul((*it)[2].str().substr(1));
		f.sizes.push_back(bytes);
	}
	if (std::regex_search(head, m, limit)) {
		f.max_threads = unsigned(std::stoul(m[1]));
		for (int i = 2; i < 4; i++)
			if (m[i].matched) f.max_threads *= unsigned(std::stoul(m[i]));
	}
	f.static_shared = module_shared + shared_bytes(body);
	return success;
}

// check_header: the driver knows the PTX version, the device has the target.
static int check_header(const std::string &text) {
	static const std::regex header(R"(\.version\s+(\d+)\.(\d+)[\s\S]*?\.target\s+sm_(\d+))");
	std::smatch m;
	if (!std::regex_search(text, m, header)) return say(invalid_image, "no PTX: .version and .target not found");
	int version = std::stoi(m[1]) * 10 + std::stoi(m[2]), target = std::stoi(m[3]);
	int driver = int(state().settings["driver_version"]);       // 12040 is CUDA 12.4,
	int known = 80 + (driver / 1000 - 12) * 10 + driver % 1000 / 10; // which knows PTX 8.4
	if (version > known) return say(unsupported_ptx, "PTX %d.%d, the driver knows %d.%d", version / 10, version % 10, known / 10, known % 10);
	if (target > state().settings["capability"]) return say(no_binary, "PTX for sm_%d", target);
	return success;
}

static int parse(const std::string &text, Module &module) {
	if (int r = check_header(text)) return r;
	std::vector<std::pair<std::string, std::string>> entries; // head, body
	std::string outside;
	size_t at = 0;
	for (size_t entry; (entry = text.find(".entry", at)) != std::string::npos;) {
		outside += text.substr(at, entry - at);
		size_t open = text.find('{', entry), close = open;
		for (int depth = 0; close != std::string::npos && close < text.size(); close++) {
			depth += text[close] == '{', depth -= text[close] == '}';
			if (!depth) break;
		}
		if (open == std::string::npos || close >= text.size()) return say(invalid_ptx, "an .entry without a body");
		entries.emplace_back(text.substr(entry + 6, open - entry - 6), text.substr(open, close - open));
		at = close + 1;
	}
	size_t module_shared = shared_bytes(outside + text.substr(at));
	for (auto &[head, body] : entries) {
		auto f = std::make_shared<Function>();
		if (int r = parse_entry(head, body, module_shared, *f)) return r;
		module.functions[f->name] = f;
	}
	return success;
}

// bind finds the compiled-in kernel of a function.
static int bind(Function &f) {
	auto it = shim::kernels().find(f.name);
	if (it == shim::kernels().end()) return say(not_found, "%s is in the PTX, but not compiled into the fake driver", f.name.c_str());
	if (it->second.sizes != f.sizes)
		return say(invalid_image, "%s has other parameters in the PTX (%zu) than in its source (%zu), or of other sizes", f.name.c_str(),
		           f.sizes.size(), it->second.sizes.size());
	f.kernel = &it->second;
	return success;
}

} // namespace fake

using namespace fake;

// load takes no options but the error log's buffer (5) and its size (6).
static int load(const char *call, void **out, const void *image, unsigned n, const int *options, void **values) {
	return with_context(call, [&](Context &c) {
		char *log = nullptr;
		size_t bytes = 0;
		for (unsigned i = 0; i < n; i++) {
			if (options[i] == 5)
				log = static_cast<char *>(values[i]);
			else if (options[i] == 6)
				bytes = reinterpret_cast<uintptr_t>(values[i]);
			else
				return say(not_supported, "option %d isn't faked", options[i]);
		}
		if (capturing(c)) return int(capture_unsupported);
		if (state().settings.due("fail_module")) return say(out_of_memory, "a planted failure");
		auto module = std::make_shared<Module>();
		if (int r = parse(static_cast<const char *>(image), *module)) {
			if (log) snprintf(log, bytes, "%s", state().message.c_str());
			return r;
		}
		*out = c.modules.add(module);
		return int(success);
	});
}

ENTRY cuModuleLoadData(void **out, const void *image) { return load("cuModuleLoadData", out, image, 0, nullptr, nullptr); }
ENTRY cuModuleLoadDataEx(void **out, const void *image, unsigned n, int *options, void **values) {
	return load("cuModuleLoadDataEx", out, image, n, options, values);
}

ENTRY cuModuleUnload(void *handle) {
	return with_context("cuModuleUnload", [&](Context &c) {
		auto m = c.modules.find(handle);
		if (!m) return say(invalid_handle, "no such module");
		if (int r = drain_all(c)) return r;
		for (auto &[name, f] : m->functions) {
			f->unloaded = true;
			c.functions.erase(f.get());
		}
		c.modules.remove(handle);
		return int(success);
	});
}

ENTRY cuModuleGetFunction(void **out, void *handle, const char *name) {
	return with_context("cuModuleGetFunction", [&](Context &c) {
		auto m = c.modules.find(handle);
		if (!m) return say(invalid_handle, "no such module");
		auto it = m->functions.find(name);
		if (it == m->functions.end()) return say(not_found, "no kernel %s in the PTX", name);
		if (int r = bind(*it->second)) return r;
		c.functions[it->second.get()] = it->second;
		*out = it->second.get();
		return int(success);
	});
}
