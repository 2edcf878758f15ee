package model

// phase says where a sequence stands in the scheduler:
//
//	         a place in the batch        all that is to be
//	         is free                     read is read              its last token
//	waiting ─────────────────→ reading ───────────────→ writing ──────────────→ done
//	   ↑                          │ │                      │                      ↑
//	   └──────────────────────────┴─│──────────────────────┘                      │
//	      the device has no room    └─────────────────────────────────────────────┘
//	      for its cache               its last position is scored
//
// An error, the end of its context, or a closed model leads from any phase to
// done.
type phase int

const (
	// waiting: the sequence is in scheduler.waiting and has no cache.
	waiting phase = iota
	// reading: it is in scheduler.active, and each step reads a piece of its
	// prompt; the step that reads the prompt's end writes the first token. A
	// sequence that had written before it lost its cache reads all of its tokens
	// but the latest.
	reading
	// writing: each step feeds its latest token and writes one or more. Only a
	// writer comes here.
	writing
	// done: it has left the scheduler, and its caller was told how it ended.
	done
)
