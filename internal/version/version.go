// Package version says which build of the engine this is.
package version

import "runtime/debug"

// version is set by release builds: -ldflags "-X …/version.version=v1.2.3".
var version string

// String returns the release, or the module's version or commit as the
// toolchain recorded it.
func String() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	return "devel"
}
