// Streams and events. Work runs when it is waited for and no earlier: a program that
// forgets to synchronise reads old data. With a seed, other streams may run ahead: a
// program that forgets to wait for a reader in another stream overwrites the data
// before they are read.
#include "state.hpp"
#include <chrono>

namespace fake {

Stream *stream_of(Context &c, void *handle) { return handle ? c.streams.find(handle).get() : &c.fallback; }

template <class F> static void each_stream(Context &c, F f) {
	f(c.fallback);
	for (auto &[handle, s] : c.streams.all) f(*s);
}

bool capturing(Context &c) {
	bool any = false;
	each_stream(c, [&](Stream &s) {
		if (!s.capture || s.relaxed) return;
		any = s.invalidated = true;
		say(capture_unsupported, "a call that can't be made while a stream is being captured");
	});
	return any;
}

static int step(Context &, Stream &);

// until_done runs the stream that has record number serial of e, up to that record.
static int until_done(Context &c, Event &e, uint64_t serial) {
	while (e.done < serial) {
		Stream *holder = nullptr;
		each_stream(c, [&](Stream &s) {
			for (const Op &op : s.queue)
				if (op.kind == Op::record && op.event.get() == &e && op.serial == serial) holder = &s;
		});
		if (!holder) return success; // the stream was destroyed
		if (int r = step(c, *holder)) return r;
	}
	return success;
}

// step runs the first piece of work of a stream.
static int step(Context &c, Stream &s) {
	Op op = std::move(s.queue.front());
	s.queue.pop_front();
	switch (op.kind) {
	case Op::wait:
		return until_done(c, *op.event, op.serial);
	case Op::record:
		op.event->done = op.serial;
		op.event->time = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
		return success;
	case Op::work:
		break;
	}
	shim::Result r = op.run(state().settings["seed"] ? state().random.next() | 1 : 0);
	if (r.code) return c.lost = say(r.code, "%s", r.message.c_str());
	return success;
}

int drain(Context &c, Stream &s) {
	if (s.capture) {
		s.invalidated = true;
		return say(capture_unsupported, "a stream that is being captured can't be waited for");
	}
	Opened opened(c);
	int r = success;
	if (state().settings["seed"])
		each_stream(c, [&](Stream &other) {
			if (&other == &s || other.queue.empty()) return;
			for (unsigned n = state().random.below(unsigned(other.queue.size()) * 2); n > 0 && !other.queue.empty() && !r; n--)
				r = step(c, other);
		});
	while (!s.queue.empty() && !r) r = step(c, s);
	return r;
}

int drain_all(Context &c) {
	int r = success;
	each_stream(c, [&](Stream &s) {
		if (!r && !s.queue.empty()) r = drain(c, s);
	});
	return r ? r : c.lost;
}

int push(Context &c, void *handle, Op op) {
	Stream *s = stream_of(c, handle);
	if (!s) return say(invalid_handle, "no such stream");
	if (!s->capture) {
		s->queue.push_back(std::move(op));
		return success;
	}
	if (s->invalidated) return say(capture_invalidated, "the stream's capture was spoilt by an earlier call");
	s->capture->ops.push_back(std::move(op));
	return success;
}

} // namespace fake

using namespace fake;

ENTRY cuStreamCreate(void **out, unsigned flags) {
	return with_context("cuStreamCreate", [&](Context &c) {
		if (flags != 1) return say(not_supported, "only non-blocking streams are faked, not flags %u", flags);
		if (state().settings.due("fail_stream")) return say(out_of_memory, "a planted failure");
		*out = c.streams.add(std::make_shared<Stream>());
		return int(success);
	});
}

ENTRY cuStreamDestroy_v2(void *handle) {
	return with_context("cuStreamDestroy_v2", [&](Context &c) {
		auto s = c.streams.find(handle);
		if (!s) return say(invalid_handle, "no such stream");
		if (!s->capture)
			if (int r = drain(c, *s)) return r;
		c.streams.remove(handle);
		return int(success);
	});
}

ENTRY cuStreamSynchronize(void *handle) {
	return with_context("cuStreamSynchronize", [&](Context &c) {
		Stream *s = stream_of(c, handle);
		if (!s) return say(invalid_handle, "no such stream");
		return drain(c, *s);
	});
}

ENTRY cuStreamWaitEvent(void *handle, void *event, unsigned) {
	return with_context("cuStreamWaitEvent", [&](Context &c) {
		Stream *s = stream_of(c, handle);
		auto e = c.events.find(event);
		if (!s || !e) return say(invalid_handle, "no such stream or event");
		if (s->capture || e->captured) return say(capture_isolation, "waiting across a capture isn't faked");
		if (!e->recorded) return int(success);
		return push(c, handle, {Op::wait, nullptr, e, e->recorded});
	});
}

ENTRY cuEventCreate(void **out, unsigned) {
	return with_context("cuEventCreate", [&](Context &c) {
		*out = c.events.add(std::make_shared<Event>());
		return int(success);
	});
}

ENTRY cuEventDestroy_v2(void *handle) {
	return with_context("cuEventDestroy_v2", [&](Context &c) {
		return c.events.remove(handle) ? int(success) : say(invalid_handle, "no such event");
	});
}

ENTRY cuEventRecord(void *handle, void *stream) {
	return with_context("cuEventRecord", [&](Context &c) {
		Stream *s = stream_of(c, stream);
		auto e = c.events.find(handle);
		if (!s || !e) return say(invalid_handle, "no such stream or event");
		if ((e->captured = s->capture != nullptr)) return int(success); // nothing to do, as all work of a graph is in one line
		e->recorded = ++state().serial;
		return push(c, stream, {Op::record, nullptr, e, e->recorded});
	});
}

ENTRY cuEventSynchronize(void *handle) {
	return with_context("cuEventSynchronize", [&](Context &c) {
		auto e = c.events.find(handle);
		if (!e || e->captured) return say(invalid_handle, "no such event, or a captured one");
		Opened opened(c);
		return until_done(c, *e, e->recorded);
	});
}

ENTRY cuEventElapsedTime(float *milliseconds, void *from, void *to) {
	return with_context("cuEventElapsedTime", [&](Context &c) {
		auto a = c.events.find(from), b = c.events.find(to);
		if (!a || !b || a->captured || b->captured || !a->recorded || !b->recorded)
			return say(invalid_handle, "an event that was not recorded");
		if (a->done < a->recorded || b->done < b->recorded) return say(not_ready, "an event that has not happened");
		*milliseconds = float((b->time - a->time) * 1000);
		return int(success);
	});
}
