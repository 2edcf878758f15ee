package shards

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// runs is a set of indices in ascending order, as runs [from, to). As text they are
// numbers and inclusive ranges: "3,17-20".
type runs [][2]int

// add adds an index above all others.
func (r *runs) add(i int) {
	if n := len(*r); n > 0 && (*r)[n-1][1] == i {
		(*r)[n-1][1]++
		return
	}
	*r = append(*r, [2]int{i, i + 1})
}

func (r runs) len() (n int) {
	for _, run := range r {
		n += run[1] - run[0]
	}
	return n
}

// within reports whether the runs are in order, and all indices are in [0, n).
func (r runs) within(n int) bool {
	last := 0
	for _, run := range r {
		if run[0] < last || run[1] <= run[0] || run[1] > n {
			return false
		}
		last = run[1]
	}
	return true
}

// MarshalJSON implements json.Marshaler.
func (r runs) MarshalJSON() ([]byte, error) {
	var parts []string
	for _, run := range r {
		part := strconv.Itoa(run[0])
		if run[1] > run[0]+1 {
			part += "-" + strconv.Itoa(run[1]-1)
		}
		parts = append(parts, part)
	}
	return json.Marshal(strings.Join(parts, ","))
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *runs) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*r = nil
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		a, err := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err != nil || err2 != nil {
			return fmt.Errorf("found %q, expected indices such as 3 or 17-20", part)
		}
		*r = append(*r, [2]int{a, b + 1})
	}
	return nil
}

// member tells whether indices are in a set of runs. The indices must be asked for
// in ascending order.
type member struct{ rest runs }

func (m *member) has(i int) bool {
	for len(m.rest) > 0 && m.rest[0][1] <= i {
		m.rest = m.rest[1:]
	}
	return len(m.rest) > 0 && m.rest[0][0] <= i
}
