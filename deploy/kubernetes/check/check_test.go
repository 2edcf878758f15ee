// Package check decodes the manifests beside it into Kubernetes' own types: a field that
// Kubernetes doesn't know, or one of another type, is an error. It is a module of its own
// since those types are large.
package check

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

// kinds returns an empty object of each kind that manifests may have.
func kinds() map[string]any {
	return map[string]any{
		"apps/v1 Deployment":                 &appsv1.Deployment{},
		"batch/v1 Job":                       &batchv1.Job{},
		"v1 ConfigMap":                       &corev1.ConfigMap{},
		"v1 PersistentVolumeClaim":           &corev1.PersistentVolumeClaim{},
		"v1 Secret":                          &corev1.Secret{},
		"v1 Service":                         &corev1.Service{},
		"v1 ServiceAccount":                  &corev1.ServiceAccount{},
		"networking.k8s.io/v1 NetworkPolicy": &networkingv1.NetworkPolicy{},
		"policy/v1 PodDisruptionBudget":      &policyv1.PodDisruptionBudget{},
	}
}

// decode returns the objects of a manifest.
func decode(t *testing.T, manifest []byte) (objects []any, err error) {
	t.Helper()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifest)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		var head struct{ APIVersion, Kind string }
		if err := strict.Unmarshal(document, &head); err != nil {
			return nil, err
		}
		object, known := kinds()[head.APIVersion+" "+head.Kind]
		if !known {
			return nil, errors.New("unknown kind " + head.APIVersion + " " + head.Kind)
		}
		if err := strict.UnmarshalStrict(document, object); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
}

func TestManifestsAreKubernetes(t *testing.T) {
	paths, err := filepath.Glob("../*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		manifest, err := os.ReadFile(path)
		require.NoError(t, err)
		objects, err := decode(t, manifest)
		require.NoError(t, err, path)
		require.NotEmpty(t, objects, path)
	}
	for _, wrong := range []string{
		"apiVersion: v1\nkind: Service\nspec: {port: 80}", "apiVersion: v1\nkind: Quux", "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: two}",
		"apiVersion: v1\nkind: Service\nkind: Service",
	} {
		_, err := decode(t, []byte(wrong))
		require.Error(t, err, wrong)
	}
}

// What serve.yaml promises of its parts among each other.
func TestServeFitsTogether(t *testing.T) {
	manifest, err := os.ReadFile("../serve.yaml")
	require.NoError(t, err)
	objects, err := decode(t, manifest)
	require.NoError(t, err)
	d := objects[0].(*appsv1.Deployment)
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]
	labels := d.Spec.Template.Labels
	require.Equal(t, labels, d.Spec.Selector.MatchLabels)
	require.Equal(t, labels, objects[1].(*corev1.Service).Spec.Selector)
	require.Equal(t, labels, objects[2].(*policyv1.PodDisruptionBudget).Spec.Selector.MatchLabels)
	require.Equal(t, labels, objects[3].(*networkingv1.NetworkPolicy).Spec.PodSelector.MatchLabels)
	require.Greater(t, int(*d.Spec.Replicas), objects[2].(*policyv1.PodDisruptionBudget).Spec.MinAvailable.IntValue())
	require.False(t, *pod.EnableServiceLinks)
	require.True(t, *pod.SecurityContext.RunAsNonRoot)
	require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
	require.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		require.Equal(t, c.Ports[0].Name, probe.HTTPGet.Port.StrVal)
	}
	require.Equal(t, "/readyz", c.StartupProbe.HTTPGet.Path)
	require.Equal(t, "/readyz", c.ReadinessProbe.HTTPGet.Path)
	require.Equal(t, "/livez", c.LivenessProbe.HTTPGet.Path)
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
	}
	require.Equal(t, c.Resources.Limits.Cpu().String(), env["MEDNER_THREADS"])
	require.Greater(t, float64(*pod.TerminationGracePeriodSeconds), seconds(t, env["MEDNER_DRAIN_DELAY"])+seconds(t, env["MEDNER_DRAIN_TIMEOUT"]))
	mounted := map[string]string{}
	for _, m := range c.VolumeMounts {
		mounted[m.MountPath] = m.Name
		require.True(t, m.ReadOnly)
	}
	require.Contains(t, mounted, env["MEDNER_MODEL"])
	require.Contains(t, mounted, filepath.Dir(env["MEDNER_API_KEY_FILE"]))
}

// seconds returns a duration as the program reads it.
func seconds(t *testing.T, text string) float64 {
	t.Helper()
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d.Seconds()
}
