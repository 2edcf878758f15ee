// The state of the fake driver: settings, contexts and what they hold.
#pragma once
#include "registry.hpp"
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace fake {

// The values of CUresult that the fake driver answers.
enum {
	success = 0,
	invalid_value = 1,
	out_of_memory = 2,
	not_initialized = 3,
	no_device = 100,
	invalid_device = 101,
	invalid_image = 200,
	invalid_context = 201,
	no_binary = 209,
	invalid_ptx = 218,
	unsupported_ptx = 222,
	invalid_handle = 400,
	not_found = 500,
	not_ready = 600,
	illegal_address = 700,
	out_of_resources = 701,
	launch_failed = 719,
	not_supported = 801,
	capture_unsupported = 900,
	capture_invalidated = 901,
	capture_isolation = 905,
};
const char *name_of(int code); // nullptr: the code is not known

// Settings are changed by medner_fake_set, and at the start by variables of the
// environment: MEDNER_FAKE_ and the name in capitals.
struct Settings {
	std::map<std::string, long long> values;
	Settings();
	long long &operator[](const std::string &name) { return values.at(name); }
	// due counts a setting down, and says whether it has come to 0: this is the n-th
	// call since the setting was n.
	bool due(const std::string &name) {
		long long &n = values.at(name);
		return n > 0 && --n == 0;
	}
};

struct Event {
	uint64_t recorded = 0, done = 0; // serial numbers of the last record that was queued, and that was done; 0: none
	double time = 0;                 // when the last record was done, in seconds
	bool captured = false;           // whether the last record went into a graph
};

// A Function is a kernel of a module, as its PTX describes it.
struct Function {
	std::string name;
	std::vector<size_t> sizes; // bytes of each parameter
	unsigned max_threads = 1024;
	size_t static_shared = 0, dynamic_limit = 48 << 10;
	const shim::Kernel *kernel = nullptr;
	bool unloaded = false;
};

struct Module {
	std::map<std::string, std::shared_ptr<Function>> functions;
};

// An Op is a piece of the work of a stream.
struct Op {
	enum Kind { work, record, wait } kind;
	std::function<shim::Result(uint64_t seed)> run; // work
	std::shared_ptr<Event> event;
	uint64_t serial = 0; // number of the record that is made or waited for
};

struct Graph {
	std::vector<Op> ops;
};

struct Stream {
	std::deque<Op> queue;
	std::shared_ptr<Graph> capture; // the graph that is being captured, if any
	bool relaxed = false;           // whether the mode of the capture allows allocating
	bool invalidated = false;       // whether a call that can't be captured has spoilt the capture
};

struct Block { // of memory
	size_t bytes, mapped;
	char *base; // where the mapping begins
};

// A Table gives out handles that are never used twice.
template <class T> struct Table {
	static inline uintptr_t next = 0x1000;
	std::map<uintptr_t, std::shared_ptr<T>> all;
	void *add(std::shared_ptr<T> v) {
		all[next += 16] = std::move(v);
		return reinterpret_cast<void *>(next);
	}
	std::shared_ptr<T> find(const void *handle) const {
		auto it = all.find(reinterpret_cast<uintptr_t>(handle));
		return it == all.end() ? nullptr : it->second;
	}
	bool remove(const void *handle) { return all.erase(reinterpret_cast<uintptr_t>(handle)) > 0; }
};

struct Context {
	int lost = 0; // if not 0, the error that every call answers
	int device = 0;
	std::map<uintptr_t, Block> memory, pinned; // by address
	Table<Stream> streams;
	Table<Event> events;
	Table<Module> modules;
	std::map<const void *, std::weak_ptr<Function>> functions;
	Table<Graph> graphs, execs;
	Stream fallback; // the default stream, 0

	Context() = default;
	Context(const Context &) = delete;
	~Context();
	std::map<std::string, long long> held() const;
};

struct State {
	std::recursive_mutex mutex;
	Settings settings;
	bool initialised = false;
	Table<Context> contexts;
	std::string message;                      // about the last error
	std::map<std::string, long long> counts;  // how many calls, launches, … there were
	std::map<std::string, long long> dropped; // what destroyed contexts still held
	uint64_t serial = 0;                      // number of the last record
	shim::Random random{1};
	long long used = 0; // bytes of device memory
};
State &state();

// current is the context of the calling thread.
inline thread_local std::weak_ptr<Context> current;

// say notes why a call fails, for medner_fake_message, and returns the code.
int say(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Memory.
int allocate(Context &, size_t bytes, uintptr_t *out);
int release(Context &, uintptr_t);
int allocate_pinned(Context &, size_t bytes, void **out);
int release_pinned(Context &, void *);
bool on_device(Context &, uintptr_t address, size_t bytes);
bool in_pinned(Context &, const void *address, size_t bytes);
// An Opened makes device memory accessible as long as it lives. At its end it checks
// that nothing was written beside the allocations.
struct Opened {
	Context &context;
	explicit Opened(Context &);
	~Opened();
};

// Streams.
Stream *stream_of(Context &, void *handle); // nullptr: no such stream
int drain(Context &, Stream &);             // runs all work of a stream
int drain_all(Context &);
int push(Context &, void *stream, Op);      // queues a piece of work, or captures it
bool capturing(Context &);                  // whether there is a capture, which the call then spoils

struct Guard {
	std::lock_guard<std::recursive_mutex> lock{state().mutex};
};

int enter(const char *call); // counts a call, and plants the failures that settings ask for

// with_context runs f with the context of the thread, unless the context is lost.
template <class F> int with_context(const char *call, F f) {
	Guard guard;
	if (int r = enter(call)) return r;
	auto c = current.lock();
	if (!c) return say(invalid_context, "%s: no context is current on this thread", call);
	if (c->lost) return c->lost;
	if (int r = f(*c)) {
		if (r != not_ready && state().message.empty()) say(r, "%s", call);
		return r;
	}
	return c->lost;
}

} // namespace fake

#define ENTRY extern "C" __attribute__((visibility("default"))) int
