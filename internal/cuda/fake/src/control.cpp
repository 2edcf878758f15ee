// The functions that tests call: settings, counts, messages.
#include "state.hpp"
#include <cstdarg>

namespace fake {

Settings::Settings()
    : values{
          {"devices", 1},
          {"driver_version", 12040},
          {"capability", 90},            // compute capability, 10·major + minor
          {"memory", 4LL << 30},         // of the device, bytes
          {"seed", 1},                   // shuffles threads, blocks and streams; 0: nothing is shuffled
          {"count_arguments", 1},        // 1: the binding ends the arguments of launches with nullptr, so that they can be counted
          {"fail_init", 0},              // the answer of cuInit
          {"fail_alloc", 0},             // the n-th allocation of device memory from now on fails; 0: none fails
          {"fail_pinned", 0},            // the n-th allocation of pinned memory fails
          {"fail_launch", 0},            // the n-th launch fails
          {"fail_launch_code", out_of_resources}, // the error of fail_launch
          {"fail_module", 0},            // loading the n-th module fails
          {"fail_stream", 0},            // making the n-th stream fails
          {"fail_instantiate", 0},       // instantiating the n-th graph fails
          {"lose_call", 0},              // the n-th call from now on loses the context
          {"lose_launch", 0},            // the n-th kernel from now on loses the context when it runs
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

// medner_fake_set changes a setting. It returns 0, or 1 if there is no setting of the
// name.
ENTRY medner_fake_set(const char *name, long long value) {
	Guard guard;
	auto it = state().settings.values.find(name);
	if (it == state().settings.values.end()) return 1;
	it->second = value;
	return 0;
}

// medner_fake_reset sets all settings and counts to what they were at the start.
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

// medner_fake_get returns a setting, or by name:
//
//	contexts       how many contexts there are
//	held.K         how many K contexts hold now, K being memory, bytes, pinned,
//	               streams, events, modules, graphs or execs
//	dropped.K      how many K contexts still held when they were destroyed
//	launches       how many kernels have run
//	calls          how many calls there were, of all functions
//	cuMemAlloc_v2  how many calls of this function there were, and so for every other
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

// medner_fake_message returns the reason why the last call failed, valid until the next
// call.
extern "C" __attribute__((visibility("default"))) const char *medner_fake_message() {
	Guard guard;
	return state().message.c_str();
}
