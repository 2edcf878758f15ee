package kernels

import "testing"

func TestForce(t *testing.T) {
	name, reason := Selected()
	for _, v := range Variants() {
		restore, err := Force(v.Name)
		if (err == nil) != v.Available {
			t.Fatalf("%s, available: %v, gave %v", v.Name, v.Available, err)
		}
		if err != nil {
			continue
		}
		if got, why := Selected(); got != v.Name || why != "forced" {
			t.Errorf("%s (%s) is in use, not %s", got, why, v.Name)
		}
		restore()
	}
	if n, r := Selected(); n != name || r != reason {
		t.Errorf("%s (%s) is in use, not %s (%s)", n, r, name, reason)
	}
	if _, err := Force("mmx"); err == nil {
		t.Error("mmx could be forced")
	}
}
