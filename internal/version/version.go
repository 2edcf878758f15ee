// Package version says which build of the engine this is.
package version

import "runtime/debug"

// version is set by release builds: -ldflags "-X …/version.version=v1.2.3".
var version string

// String returns the release, or the module's version or commit as the
// toolchain recorded it. A build of changed sources has "+dirty" at its end.
func String() string {
	info, _ := debug.ReadBuildInfo()
	return of(version, info)
}

// Revision returns the commit that was built, "" where the toolchain recorded none.
func Revision() string {
	info, _ := debug.ReadBuildInfo()
	return setting(info, "vcs.revision")
}

// of returns the version of a build; info may be nil.
func of(release string, info *debug.BuildInfo) string {
	if release != "" {
		return release
	}
	if info == nil {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v // the toolchain marks changed sources itself
	}
	revision := setting(info, "vcs.revision")
	if revision == "" {
		return "devel"
	}
	dirty := ""
	if setting(info, "vcs.modified") == "true" {
		dirty = "+dirty"
	}
	return "devel-" + revision[:min(12, len(revision))] + dirty
}

// setting returns what the toolchain recorded about a build under key.
func setting(info *debug.BuildInfo, key string) string {
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
