// Modules: reads what a PTX text says of its kernels, and compares it with the
// kernels that are compiled in.
#include "state.hpp"
#include <string_view>

namespace fake {

using Words = std::vector<std::string_view>;

// split cuts PTX into words and punctuation, without comments.
static Words split(std::string_view text) {
	auto in_word = [](char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$' || c == '%'; };
	Words words;
	for (size_t i = 0; i < text.size();) {
		if (text.substr(i, 2) == "//") {
			i = std::min(text.find('\n', i), text.size());
		} else if (isspace((unsigned char)text[i])) {
			i++;
		} else {
			size_t end = i + 1;
			while (in_word(text[i]) && end < text.size() && in_word(text[end])) end++;
			words.push_back(text.substr(i, end - i));
			i = end;
		}
	}
	return words;
}

// A Cursor reads words one by one. After the last it reads empty words.
struct Cursor {
	const Words &words;
	size_t at = 0;
	std::string_view peek(size_t ahead = 0) const { return at + ahead < words.size() ? words[at + ahead] : std::string_view(); }
	std::string_view next() {
		auto w = peek();
		at++;
		return w;
	}
	bool take(std::string_view w) {
		if (peek() != w) return false;
		at++;
		return true;
	}
	size_t number() { return size_t(atoll(std::string(next()).c_str())); }
};

// variable reads "[.align n] .type name [n]…" and adds it to a sum of sizes.
static size_t variable(Cursor &c, size_t before = 0) {
	size_t align = c.take(".align") ? c.number() : 1;
	std::string type(c.next()); // ".u64", ".b8"
	size_t bytes = size_t(atoi(type.c_str() + std::min(type.find_first_of("0123456789"), type.size()))) / 8;
	c.next();
	while (c.take("[")) {
		bytes *= c.number();
		c.take("]");
	}
	return (before + align - 1) / align * align + bytes;
}

// parse_entry reads a kernel, from its name to the brace that closes it.
static int parse_entry(Cursor &c, Function &f) {
	f.name = c.next();
	for (; !c.take("{"); ) {
		if (c.peek().empty()) return say(invalid_ptx, "%s has no body", f.name.c_str());
		if (c.take(".param")) {
			f.sizes.push_back(variable(c));
		} else if (c.take(".maxntid")) {
			f.max_threads = unsigned(c.number());
			while (c.take(",")) f.max_threads *= unsigned(c.number());
		} else {
			c.next();
		}
	}
	for (int depth = 1; depth > 0;) {
		if (c.peek().empty()) return say(invalid_ptx, "%s doesn't end", f.name.c_str());
		if (c.take(".shared"))
			f.static_shared = variable(c, f.static_shared);
		else if (c.take("{"))
			depth++;
		else if (c.take("}"))
			depth--;
		else
			c.next();
	}
	return success;
}

// check_header checks that the driver knows the version of the PTX, and that the
// device can run its target.
static int check_header(std::string_view version, std::string_view target) {
	if (version.size() < 3 || target.substr(0, 3) != "sm_") return say(invalid_image, "no PTX: .version and .target not found");
	int major = atoi(version.data()), minor = atoi(version.data() + version.find('.') + 1);
	int driver = int(state().settings["driver_version"]), with = driver % 1000 / 10; // 12040 is CUDA 12.4,
	int known = 8 + driver / 1000 - 12;                                              // which knows PTX 8.4
	if (major > known || (major == known && minor > with))
		return say(unsupported_ptx, "PTX %d.%d, the driver knows %d.%d", major, minor, known, with);
	if (atoi(target.data() + 3) > state().settings["capability"]) return say(no_binary, "PTX for %s", std::string(target).c_str());
	return success;
}

static int parse(const char *text, Module &module) {
	Words words = split(text);
	Cursor c{words};
	std::string_view version, target;
	size_t shared = 0; // bytes of the variables of the module
	while (!c.peek().empty()) {
		if (c.take(".version")) {
			version = c.next();
		} else if (c.take(".target")) {
			target = c.next();
		} else if (c.take(".extern")) {
			c.next(); // the variable for dynamic shared memory
		} else if (c.take(".shared")) {
			shared = variable(c, shared);
		} else if (c.take(".entry")) {
			auto f = std::make_shared<Function>();
			if (int r = parse_entry(c, *f)) return r;
			module.functions[f->name] = f;
		} else {
			c.next();
		}
	}
	for (auto &[name, f] : module.functions) f->static_shared += shared;
	return check_header(version, target);
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

// load takes two options: the buffer for the error log (5) and its size (6).
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
