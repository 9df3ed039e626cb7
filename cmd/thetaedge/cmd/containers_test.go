package cmd

import (
	"bytes"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/container"
	"github.com/thetaedge/theta/sidecar/config"
)

// fakeEngine answers as an engine does that can run programs, and says with which security options.
func fakeEngine(t *testing.T, security string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("API-Version", "1.41")
		if strings.HasSuffix(r.URL.Path, "/info") {
			_, _ = w.Write([]byte(`{"ServerVersion":"20.10","OSType":"linux","Architecture":"x86_64","MemoryLimit":true,"PidsLimit":true,"CpuCfsQuota":true,"SecurityOptions":[` + security + `]}`))
		}
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return "unix://" + path
}

func nodeWithContainers(t *testing.T, c config.Container) *node {
	t.Helper()
	n := &node{home: t.TempDir(), config: config.Default()}
	n.config.Container = c
	return n
}

func TestContainersRunOnlyIfTheOwnerEnablesThem(t *testing.T) {
	c := config.Default().Container
	n := nodeWithContainers(t, c)
	engine, err := newContainers(n, nil, nil)
	require.NoError(t, err)
	require.Nil(t, engine)
	_, enabled := containerHealth(t.Context(), n)
	require.False(t, enabled)

	c.Enabled, c.Socket = true, fakeEngine(t, `"name=seccomp,profile=default"`)
	n = nodeWithContainers(t, c)
	engine, err = newContainers(n, nil, nil)
	require.NoError(t, err)
	require.Equal(t, executor.Healthy, engine.Fingerprint(t.Context()).Health)
	require.NoError(t, engine.Close())
}

// TestDoctorSaysWhatContainersMean also holds that an engine which cannot isolate is no failed check: the node takes
// other jobs.
func TestDoctorSaysWhatContainersMean(t *testing.T) {
	good, unconfined := fakeEngine(t, `"name=seccomp,profile=default"`), fakeEngine(t, "")
	for name, test := range map[string]struct {
		enabled bool
		socket  string
		says    []string
	}{
		"off":                 {false, "", []string{"ok       container/1  off", "share the kernel"}},
		"on":                  {true, good, []string{"ok       container/1  container engine 20.10 linux/x86_64", "container.enabled is on: programs of strangers then share the kernel", "what they leave in its memory is not erased", "GPU-1"}},
		"no seccomp":          {true, unconfined, []string{"this node does not take its jobs", "no seccomp profile"}},
		"engine does not run": {true, "unix:///nowhere/s", []string{"start Docker or Podman"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := config.Default().Container
			c.Enabled, c.Socket = test.enabled, test.socket
			if test.enabled {
				c.GPUs = []string{"GPU-1"}
			}
			var said bytes.Buffer
			r := &report{out: &said}
			checkContainers(t.Context(), r, nodeWithContainers(t, c))
			for _, text := range test.says {
				require.Contains(t, said.String(), text)
			}
			require.Contains(t, said.String(), container.Profile)
			require.Zero(t, r.failed)
		})
	}
}
