// The way in for tests: settings, counts, messages.
#include "state.hpp"
#include <cstdarg>

namespace fake {

Settings::Settings()
    : values{
          {"devices", 1},
          {"driver_version", 12040},
          {"capability", 90},            // compute capability, 10·major + minor
          {"memory", 4LL << 30},         // of the device, bytes
          {"seed", 1},                   // order of threads, blocks, streams; 0: none
          {"count_arguments", 1},        // whether launches' lists of arguments end with nullptr
          {"fail_init", 0},              // what cuInit answers
          {"fail_alloc", 0},             // the n-th allocation of device memory from now on fails; 0: none
          {"fail_pinned", 0},            // likewise of pinned memory
          {"fail_launch", 0},            // likewise a launch
          {"fail_launch_code", out_of_resources},
          {"fail_module", 0},            // likewise loading a module
          {"fail_stream", 0},            // likewise making a stream
          {"fail_instantiate", 0},       // likewise instantiating a graph
          {"lose_call", 0},              // with the n-th call from now on the context is lost
          {"lose_launch", 0},            // when the n-th kernel from now on runs
      } {
	for (auto &[name, value] : values) {
		std::string variable = "MEDNER_FAKE_";
		for (char c : name) variable += char(toupper(c));
		if (const char *text = getenv(variable.c_str())) value = atoll(text);
	}
}

State &state() {
	static State *s = new State; // never destroyed: threads may outlive main
	return *s;
}

int say(int code, const char *format, ...) {
	char text[800];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	state().message = text;
	if (getenv("MEDNER_FAKE_VERBOSE")) fprintf(stderr, "fake CUDA driver: %d: %s\n", code, text);
	return code;
}

int enter(const char *call) {
	State &s = state();
	s.counts["calls"]++;
	s.counts[call]++;
	s.message.clear();
	if (!s.initialised) return say(not_initialized, "%s before cuInit", call);
	if (s.settings.due("lose_call"))
		if (auto c = current.lock()) c->lost = launch_failed;
	return success;
}

std::map<std::string, long long> Context::held() const {
	long long bytes = 0;
	for (auto &[address, block] : memory) bytes += (long long)block.bytes;
	return {{"memory", memory.size()},   {"bytes", bytes},           {"pinned", pinned.size()},
	        {"streams", streams.all.size()}, {"events", events.all.size()}, {"modules", modules.all.size()},
	        {"graphs", graphs.all.size()}, {"execs", execs.all.size()}};
}

} // namespace fake

using namespace fake;

// medner_fake_set changes a setting; the answer is 0, or 1 where there is none
// of the name.
ENTRY medner_fake_set(const char *name, long long value) {
	Guard guard;
	auto it = state().settings.values.find(name);
	if (it == state().settings.values.end()) return 1;
	it->second = value;
	return 0;
}

// medner_fake_reset makes all settings and counts as they were at the start.
ENTRY medner_fake_reset() {
	Guard guard;
	State &s = state();
	s.settings = Settings();
	s.counts.clear();
	s.dropped.clear();
	s.message.clear();
	s.random = {uint64_t(s.settings["seed"])};
	return 0;
}

// medner_fake_get is a setting; or "contexts"; or "held.K", how many K contexts
// hold now, "dropped.K", how many they still held when they were destroyed (K:
// memory, bytes, pinned, streams, events, modules, graphs, execs); or the number
// of calls of a function, "calls" of all, "launches" of kernels run.
extern "C" __attribute__((visibility("default"))) long long medner_fake_get(const char *name) {
	Guard guard;
	State &s = state();
	std::string key = name;
	if (s.settings.values.count(key)) return s.settings[key];
	if (key == "contexts") return (long long)s.contexts.all.size();
	if (key.rfind("dropped.", 0) == 0) return s.dropped[key.substr(8)];
	if (key.rfind("held.", 0) != 0) return s.counts[key];
	long long n = 0;
	for (auto &[handle, context] : s.contexts.all) n += context->held()[key.substr(5)];
	return n;
}

// medner_fake_message says why the last call failed; valid until the next call.
extern "C" __attribute__((visibility("default"))) const char *medner_fake_message() {
	Guard guard;
	return state().message.c_str();
}
