package version

import (
	"runtime/debug"
	"testing"
)

func TestVersionOfABuild(t *testing.T) {
	build := func(version string, settings ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{Main: debug.Module{Version: version}}
		for i := 0; i < len(settings); i += 2 {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		return info
	}
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for _, c := range []struct {
		name, release string
		info          *debug.BuildInfo
		want          string
	}{
		{"without build information", "", nil, "devel"},
		{"go build without a repository", "", build("(devel)"), "devel"},
		{"go build of a commit", "", build("(devel)", "vcs.revision", commit, "vcs.modified", "false"), "devel-0123456789ab"},
		{"go build of changed sources", "", build("(devel)", "vcs.revision", commit, "vcs.modified", "true"), "devel-0123456789ab+dirty"},
		{"go install of a release", "", build("v1.2.3"), "v1.2.3"},
		{"go install of a commit", "", build("v0.0.0-20260102030405-0123456789ab"), "v0.0.0-20260102030405-0123456789ab"},
		{"go build of changed sources, as Go 1.24 marks them", "", build("v0.0.0-20260102030405-0123456789ab+dirty", "vcs.revision", commit), "v0.0.0-20260102030405-0123456789ab+dirty"},
		{"a release", "v2.0.0", build("v1.2.3"), "v2.0.0"},
		{"a short revision", "", build("", "vcs.revision", "12"), "devel-12"},
	} {
		if got := of(c.release, c.info); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
