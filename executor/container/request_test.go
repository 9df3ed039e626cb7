//go:build linux

package container

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/system"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
)

// proxy is between an executor and an engine. It keeps the requests for containers, and takes the cards out of them
// that this machine does not have.
type proxy struct {
	socket string
	mu     sync.Mutex
	asked  []api.CreateRequest
}

func (p *proxy) requests() []api.CreateRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func proxied(t *testing.T, engine string) *proxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "theta-proxy-") // the path of a socket is short
	require.NoError(t, err)
	p := &proxy{socket: "unix://" + filepath.Join(dir, "sock")}
	through := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine"
			if !strings.HasSuffix(r.In.URL.Path, "/containers/create") {
				return
			}
			content, err := io.ReadAll(r.In.Body)
			if err != nil {
				return
			}
			var asked api.CreateRequest
			if err := json.Unmarshal(content, &asked); err != nil {
				return
			}
			p.mu.Lock()
			host := *asked.HostConfig
			p.asked = append(p.asked, api.CreateRequest{Config: asked.Config, HostConfig: &host})
			p.mu.Unlock()
			asked.HostConfig.DeviceRequests = nil
			if content, err = json.Marshal(asked); err != nil {
				return
			}
			r.Out.Body, r.Out.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
		},
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", strings.TrimPrefix(engine, "unix://"))
		}},
	}
	listener, err := net.Listen("unix", strings.TrimPrefix(p.socket, "unix://"))
	require.NoError(t, err)
	server := &http.Server{Handler: through, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.NoError(t, os.RemoveAll(dir))
	})
	return p
}

func TestCardsAreAskedForByTheirNamesAndOnlyByTasksThatNeedThem(t *testing.T) {
	p := proxied(t, socket(t))
	e := opened(t, p.socket, func(c *Config) { c.GPUs = []string{"GPU-1", "nvidia.com/gpu=0", "GPU-2"} })
	task := taskOf(t, guestImage(t, "quick").saved(t))
	finished(t, e, task)
	task.ID, task.OutputDir, task.DeviceBytes = "b", filepath.Join(t.TempDir(), "out"), 1<<30
	finished(t, e, task)
	require.Len(t, p.requests(), 2)
	require.Empty(t, p.requests()[0].HostConfig.DeviceRequests)
	require.Equal(t, []api.DeviceRequest{
		{Driver: "cdi", DeviceIDs: []string{"nvidia.com/gpu=0"}},
		{Driver: "nvidia", DeviceIDs: []string{"GPU-1", "GPU-2"}, Capabilities: [][]string{{"gpu", "compute", "utility"}}},
	}, p.requests()[1].HostConfig.DeviceRequests)

	none := opened(t, p.socket, nil)
	require.ErrorIs(t, none.Start(waiting(t), task), executor.ErrBadTask)
}

func TestTheRequestForAContainerGivesNothingAway(t *testing.T) {
	p := proxied(t, socket(t))
	e := opened(t, p.socket, func(c *Config) { c.CPUs, c.PIDs = 0.5, 77 })
	task := taskOf(t, guestImage(t, "quick").saved(t))
	secret := written(t, "secret", []byte("x"))
	task.Inputs = []executor.Input{{Name: "data/one", Path: secret}}
	finished(t, e, task)
	require.Len(t, p.requests(), 1)
	config, host := p.requests()[0].Config, p.requests()[0].HostConfig
	require.Equal(t, map[string]string{labelTask: "a", labelHome: e.cfg.Home, labelWork: config.Labels[labelWork]}, config.Labels)
	require.NotEqual(t, "0", strings.Split(config.User, ":")[0])
	require.True(t, config.NetworkDisabled)
	require.EqualValues(t, "none", host.NetworkMode)
	require.True(t, host.ReadonlyRootfs)
	require.False(t, host.Privileged)
	require.Equal(t, []string{"ALL"}, host.CapDrop)
	require.Empty(t, host.CapAdd)
	require.Equal(t, []string{"no-new-privileges"}, host.SecurityOpt)
	require.Empty(t, host.Devices)
	require.Empty(t, host.Binds)
	require.Empty(t, host.VolumesFrom)
	require.Empty(t, string(host.PidMode)+string(host.UTSMode)+string(host.UsernsMode))
	require.EqualValues(t, "private", host.IpcMode)
	require.EqualValues(t, task.MemoryBytes, host.Memory)
	require.EqualValues(t, task.MemoryBytes, host.MemorySwap, "memory and swap together")
	require.EqualValues(t, 500_000_000, host.NanoCPUs)
	require.EqualValues(t, 77, *host.PidsLimit)
	require.EqualValues(t, "no", host.RestartPolicy.Name)
	require.Len(t, host.Mounts, 2)
	require.Equal(t, OutputDir, host.Mounts[0].Target)
	require.True(t, strings.HasPrefix(host.Mounts[0].Source, e.cfg.Dir))
	in := host.Mounts[1]
	require.Equal(t, mount.Mount{Type: mount.TypeBind, Source: secret, Target: "/in/data/one", ReadOnly: true, BindOptions: in.BindOptions}, in)
	require.Equal(t, []string{"/tmp"}, keysOf(host.Tmpfs))
}

func keysOf(m map[string]string) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

func TestTheProgramIsNeverRoot(t *testing.T) {
	for want, p := range map[string]plan{
		"65534:65534": {},
		"1000:100":    {uid: 1000, gid: 100},
		"0:0":         {uid: 1000, gid: 100, about: system.Info{SecurityOptions: []string{"name=seccomp,profile=default", "name=rootless"}}},
	} {
		require.Equal(t, want, p.user())
	}
}

func TestAnEngineThatCannotIsolateIsRefused(t *testing.T) {
	good := system.Info{OSType: "linux", SecurityOptions: []string{"name=seccomp,profile=default"}, MemoryLimit: true, PidsLimit: true, CPUCfsQuota: true}
	require.NoError(t, isolates(good))
	for says, spoil := range map[string]func(*system.Info){
		"windows":    func(i *system.Info) { i.OSType = "windows" },
		"seccomp":    func(i *system.Info) { i.SecurityOptions = nil },
		"unconfined": func(i *system.Info) { i.SecurityOptions = []string{"name=seccomp,profile=unconfined"} },
		"memory":     func(i *system.Info) { i.MemoryLimit = false },
		"processes":  func(i *system.Info) { i.PidsLimit = false },
		"processor":  func(i *system.Info) { i.CPUCfsQuota = false },
	} {
		spoiled := good
		spoil(&spoiled)
		err := isolates(spoiled)
		require.ErrorIs(t, err, executor.ErrUnavailable)
		require.ErrorContains(t, err, says)
	}
	e := opened(t, "unix:///nowhere/sock", nil)
	f := e.Fingerprint(waiting(t))
	require.Equal(t, executor.Unhealthy, f.Health)
	require.Contains(t, f.Detail, "start Docker or Podman")
	require.ErrorIs(t, e.Start(waiting(t), taskOf(t, nil)), executor.ErrUnavailable)
}

// TestAnImageCannotNameCardsItself: where the runtime of NVIDIA is the default of the engine, a variable would do.
func TestAnImageCannotNameCardsItself(t *testing.T) {
	task := executor.Task{ID: "a", MemoryBytes: 1 << 30}
	hostile := &Program{Env: map[string]string{cardsVariable: "all", "HOME": "/"}}
	p := plan{cfg: &Config{GPUs: []string{"GPU-1", "nvidia.com/gpu=0", "GPU-2"}}, task: &task, program: hostile, about: system.Info{DefaultRuntime: "nvidia"}}
	asked := p.request("work")
	require.Contains(t, asked.Config.Env, cardsVariable+"=void")
	require.Contains(t, asked.Config.Env, "HOME=/tmp")
	require.NotContains(t, asked.Config.Env, cardsVariable+"=all")
	require.Empty(t, asked.HostConfig.DeviceRequests)
	require.Equal(t, "runc", asked.HostConfig.Runtime)

	task.DeviceBytes = 1
	asked = p.request("work")
	require.Contains(t, asked.Config.Env, cardsVariable+"=GPU-1,GPU-2")
	require.Empty(t, asked.HostConfig.Runtime)

	task.DeviceBytes, p.about.DefaultRuntime = 0, "runsc"
	require.Empty(t, p.request("work").HostConfig.Runtime, "a runtime that isolates more stays")
	_, err := volumesOf(map[string]struct{}{"/var/run/nvidia-container-devices/all": {}})
	require.ErrorIs(t, err, errImage)
}
