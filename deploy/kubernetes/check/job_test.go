package check

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// jobs returns the Jobs of a manifest.
func jobs(t *testing.T, name string) (list []*batchv1.Job) {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	objects, err := decode(t, manifest)
	require.NoError(t, err)
	for _, o := range objects {
		if j, ok := o.(*batchv1.Job); ok {
			list = append(list, j)
		}
	}
	return list
}

// What Kubernetes asks of Jobs beyond their types.
func TestJobsFitTogether(t *testing.T) {
	for _, name := range []string{"job.yaml", "job-objectstore.yaml"} {
		j := jobs(t, name)[0]
		require.Equal(t, batchv1.IndexedCompletion, *j.Spec.CompletionMode, name)
		require.NotNil(t, j.Spec.Completions)
		require.NotNil(t, j.Spec.BackoffLimitPerIndex)
		require.Equal(t, *j.Spec.Completions, *j.Spec.MaxFailedIndexes, "one index that fails ends no other")
		require.Equal(t, batchv1.Failed, *j.Spec.PodReplacementPolicy, "podFailurePolicy allows no other")
		pod := j.Spec.Template.Spec
		require.EqualValues(t, "Never", pod.RestartPolicy)
		grace := pod.Containers[0].Args[slices.Index(pod.Containers[0].Args, "--grace")+1]
		d, err := time.ParseDuration(grace)
		require.NoError(t, err)
		require.Less(t, d.Seconds()+5, float64(*pod.TerminationGracePeriodSeconds))
		for _, rule := range j.Spec.PodFailurePolicy.Rules {
			if rule.OnExitCodes != nil {
				require.Equal(t, pod.Containers[0].Name, *rule.OnExitCodes.ContainerName)
				require.True(t, slices.IsSorted(rule.OnExitCodes.Values))
				require.NotContains(t, rule.OnExitCodes.Values, int32(0))
			}
		}
		for _, c := range append(pod.Containers, pod.InitContainers...) {
			for _, m := range c.VolumeMounts {
				require.True(t, slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }), m.Name)
			}
			require.Empty(t, c.Env, "no credentials")
		}
	}
	require.True(t, *jobs(t, "job.yaml")[1].Spec.Suspend)
}

// index is what the runner knows of one completion index.
type index struct {
	failures int // that count
	state    string
	pods     int
	log      string
}

// play runs an Indexed Job as Kubernetes' controller does, with processes in place of
// pods: parallelism bounds how many there are; a pod that fails is replaced until the
// index has failed more often than backoffLimitPerIndex; podFailurePolicy decides what a
// failure is. disturb is called with each process that has been started.
func play(t *testing.T, j *batchv1.Job, start func(index int) *exec.Cmd, disturb func(*exec.Cmd)) []index {
	t.Helper()
	all := make([]index, *j.Spec.Completions)
	ended := make(chan int)
	running, next := 0, 0
	queue := make([]int, len(all))
	for i := range queue {
		queue[i] = i
	}
	for next < len(queue) || running > 0 {
		for next < len(queue) && running < int(*j.Spec.Parallelism) {
			i := queue[next]
			next++
			running++
			all[i].pods++
			cmd := start(i)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			require.NoError(t, cmd.Start())
			go disturb(cmd)
			go func() {
				_ = cmd.Wait()
				all[i].log = stderr.String()
				all[i].state = action(j, exitCode(cmd))
				ended <- i
			}()
		}
		i := <-ended
		running--
		one := &all[i]
		if one.state == "Count" {
			if one.failures++; one.failures > int(*j.Spec.BackoffLimitPerIndex) {
				one.state = "Failed"
			}
		}
		if one.state == "Count" || one.state == string(batchv1.PodFailurePolicyActionIgnore) {
			queue = append(queue, i)
		}
		require.Less(t, one.pods, 100, one.log)
	}
	return all
}

// exitCode returns a process's exit code as Kubernetes tells it: 137 for one that was killed.
func exitCode(cmd *exec.Cmd) int32 {
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		return int32(code)
	}
	return 137
}

// action returns what the Job does with a pod whose container ended with an exit code:
// the action of the first rule that matches, else Count.
func action(j *batchv1.Job, code int32) string {
	if code == 0 {
		return "Complete"
	}
	for _, rule := range j.Spec.PodFailurePolicy.Rules {
		if on := rule.OnExitCodes; on != nil && slices.Contains(on.Values, code) == (on.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn) {
			return string(rule.Action)
		}
	}
	return "Count"
}

// TestJob plays the Indexed Job of job.yaml with the program in MEDNER or bin.
func TestJob(t *testing.T) {
	medner := os.Getenv("MEDNER")
	if medner == "" {
		medner = "../../../bin/medner"
	}
	medner, err := filepath.Abs(medner)
	require.NoError(t, err)
	if _, err := os.Stat(medner); errors.Is(err, os.ErrNotExist) {
		t.Skip("needs bin/medner: make build")
	}
	model, err := filepath.Abs("../../../testdata/goldens/tiny-llama")
	require.NoError(t, err)
	dir := t.TempDir()
	paths := strings.NewReplacer("/data", dir, "/model", model)
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(medner)
		for _, arg := range args {
			cmd.Args = append(cmd.Args, paths.Replace(arg))
		}
		return cmd
	}
	must := func(args ...string) {
		t.Helper()
		out, err := command(args...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	j := jobs(t, "job.yaml")[0]
	*j.Spec.Completions, *j.Spec.Parallelism = 6, 3
	for i := range 6 {
		var text strings.Builder
		for n := range 60 {
			fmt.Fprintf(&text, "{\"id\": \"%d-%d\", \"text\": \"Aspirin %d causes headache in %d patients.\"}\n", i, n, n, i)
		}
		require.NoError(t, os.WriteFile(fmt.Sprintf("%s/in%d.jsonl", dir, i), []byte(text.String()), 0o600))
	}
	must("batch", "plan", "/data/in*.jsonl", "--shards", "6", "--out", "/data/manifest.json")
	args := append(slices.Clone(j.Spec.Template.Spec.Containers[0].Args), "--max-new-tokens", "4", "--task", "chemicals")
	start := func(i int) *exec.Cmd {
		cmd := command(args...)
		cmd.Env = append(os.Environ(), fmt.Sprintf("JOB_COMPLETION_INDEX=%d", i))
		return cmd
	}
	calm := func(*exec.Cmd) {}

	// An index whose input is at fault fails at once, and the others go on.
	bad := filepath.Join(dir, "in2.jsonl")
	before, err := os.ReadFile(bad)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(bad, []byte("{}\n"), 0o600))
	kills := make(chan struct{}, 8)
	all := play(t, j, start, func(cmd *exec.Cmd) {
		select {
		case kills <- struct{}{}: // of the first eight processes
			time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
			_ = cmd.Process.Kill() // no fault if it has ended
		default:
		}
	})
	for i, one := range all {
		want := "Complete"
		if i == 2 {
			want = string(batchv1.PodFailurePolicyActionFailIndex)
		}
		require.Equal(t, want, one.state, "index %d: %s", i, one.log)
	}
	require.Contains(t, all[2].log, "in2.jsonl")

	// The Job again, with the file brought back, makes what is missing.
	require.NoError(t, os.WriteFile(bad, before, 0o600))
	for i, one := range play(t, j, start, calm) {
		require.Equal(t, "Complete", one.state, one.log)
		require.Equal(t, i != 2, strings.Contains(one.log, "nothing to do"), one.log)
	}
	must(jobs(t, "job.yaml")[1].Spec.Template.Spec.Containers[0].Args...)

	// An undisturbed Job gives the same bytes.
	paths = strings.NewReplacer("/data/shards", dir+"/calm", "/data/all.jsonl.gz", dir+"/calm.jsonl.gz", "/data", dir, "/model", model)
	play(t, j, start, calm)
	must(jobs(t, "job.yaml")[1].Spec.Template.Spec.Containers[0].Args...)
	want, err := os.ReadFile(filepath.Join(dir, "calm.jsonl.gz"))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "all.jsonl.gz"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
}
