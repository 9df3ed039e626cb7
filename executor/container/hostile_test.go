//go:build linux

package container

import (
	"archive/tar"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/executortest"
	"github.com/thetaedge/theta/executor/manifest"
)

// names returns the paths of outputs.
func names(r executor.Result) []string {
	list := []string{}
	for _, f := range r.Outputs {
		list = append(list, f.Path)
	}
	return list
}

// read returns an output of a task.
func readOutput(t *testing.T, task executor.Task, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(task.OutputDir, name))
	require.NoError(t, err)
	return string(content)
}

// TestWhatAProgramTriesIsRefusedAndItSaysSo runs programs that succeed only if an attempt of theirs fails.
func TestWhatAProgramTriesIsRefusedAndItSaysSo(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	secret := written(t, "secret", []byte("input\n"))
	for name, test := range map[string]struct {
		command []string
		change  func(*Config, *executor.Task)
		leaves  map[string]string
	}{
		"processes end at a limit":       {[]string{"fork"}, func(c *Config, _ *executor.Task) { c.PIDs = 64 }, map[string]string{"refused.txt": "true\n"}},
		"the folder /tmp ends":           {[]string{"tmp"}, func(c *Config, _ *executor.Task) { c.TmpBytes = 8 << 20 }, map[string]string{"refused.txt": "8\n"}},
		"volumes of images end":          {[]string{"volume"}, func(c *Config, _ *executor.Task) { c.TmpBytes = 8 << 20 }, map[string]string{"refused.txt": "8\n"}},
		"no file is larger than allowed": {[]string{"holes"}, nil, map[string]string{"refused.txt": "refused\n"}},
		"there are no devices":           {[]string{"device"}, nil, map[string]string{"none.txt": "none\n"}},
		"setuid bits have no effect":     {[]string{"setuid"}, nil, map[string]string{"before.txt": "65534\n", "after.txt": "65534\n"}},
		"there is no network":            {[]string{"network", server.Addr().String()}, nil, map[string]string{"none.txt": "none\n"}},
		"nothing else can be written":    {[]string{"root"}, nil, map[string]string{"none.txt": "none\n"}},
		"inputs can be read":             {[]string{"inputs"}, nil, map[string]string{"copy": "input\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			address := socket(t)
			d := guestImage(t, test.command...)
			d.config["Volumes"] = map[string]any{"/data": map[string]any{}}
			d.entries = append(d.entries, entry{tar.Header{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o777}, nil})
			task := taskOf(t, d.saved(t))
			task.Inputs = []executor.Input{{Name: "data/one", Path: secret}}
			e := opened(t, address, func(c *Config) {
				if test.change != nil {
					test.change(c, &task)
				}
			})
			result := finished(t, e, task)
			said := map[string]string{}
			for _, name := range names(result) {
				said[name] = readOutput(t, task, name)
			}
			require.Equal(t, test.leaves, said, "%+v", result)
			require.Equal(t, manifest.ReasonExited, result.Reason)
			require.Zero(t, result.ExitCode)
		})
	}
}

// TestProgramsThatGoTooFarFail also holds that nothing but what a program has printed is an output then.
func TestProgramsThatGoTooFarFail(t *testing.T) {
	for name, test := range map[string]struct {
		command []string
		change  func(*executor.Task)
		reason  executor.Reason
		says    string
		leaves  []string
	}{
		"memory":               {[]string{"memory"}, nil, manifest.ReasonOutOfMemory, "67108864 bytes of memory", nil},
		"disk":                 {[]string{"disk"}, nil, manifest.ReasonOutputTooBig, "more than 4194304 bytes", nil},
		"number of files":      {[]string{"files"}, nil, manifest.ReasonOutputTooBig, "more than 100 files and folders", nil},
		"time":                 {[]string{"endless"}, func(task *executor.Task) { task.Fuel = FuelPerSecond / 2 }, manifest.ReasonOutOfFuel, "within 500ms", nil},
		"print":                {[]string{"print"}, func(task *executor.Task) { task.Fuel = 2 * FuelPerSecond }, manifest.ReasonOutOfFuel, "within 2s", []string{"stdout"}},
		"link to an input":     {[]string{"links"}, nil, manifest.ReasonTrapped, `"link" is no regular file`, nil},
		"link to a folder":     {[]string{"absolute"}, nil, manifest.ReasonTrapped, `"etc" is no regular file`, nil},
		"pipe":                 {[]string{"fifo"}, nil, manifest.ReasonTrapped, `"pipe" is no regular file`, nil},
		"socket":               {[]string{"socket"}, nil, manifest.ReasonTrapped, `"socket" is no regular file`, nil},
		"names in other case":  {[]string{"names"}, nil, manifest.ReasonTrapped, "one name to some file systems", nil},
		"name of a stream":     {[]string{"stdoutfile"}, nil, manifest.ReasonTrapped, "the name of a stream", nil},
		"deep folders":         {[]string{"deep"}, func(task *executor.Task) { task.OutputFiles = 1000 }, manifest.ReasonTrapped, "cannot be an output", nil},
		"a program that fails": {[]string{"fail"}, nil, manifest.ReasonExited, "", []string{"kept.txt", "stdout"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := opened(t, socket(t), nil)
			task := taskOf(t, guestImage(t, test.command...).saved(t))
			if test.change != nil {
				test.change(&task)
			}
			result := finished(t, e, task)
			require.Equal(t, test.reason, result.Reason, result.Detail)
			require.Contains(t, result.Detail, test.says)
			require.ElementsMatch(t, test.leaves, names(result))
			onDisk, err := executortest.FilesIn(task.OutputDir)
			require.NoError(t, err)
			require.Equal(t, onDisk, result.Manifest().Files)
			_, err = result.Digest()
			require.NoError(t, err)
			if test.reason == manifest.ReasonExited {
				require.EqualValues(t, 7, result.ExitCode)
			}
			for _, f := range result.Outputs {
				require.LessOrEqual(t, f.Size, uint64(StreamBytes))
			}
		})
	}
}

func TestTheEnvironmentOfAProgramIsThatOfImageDocumentAndJob(t *testing.T) {
	e := opened(t, socket(t), nil)
	d := guestImage(t, "environment")
	archive, digest := d.layout(t)
	task := taskOf(t, marshal(t, Program{
		Profile: Profile, Image: "sha256:" + digest, Archive: "image.tar", Entrypoint: []string{"/guest", "environment"},
		Env: map[string]string{"FROM_DOCUMENT": "yes", "BOTH": "document"},
	}))
	task.Inputs = []executor.Input{{Name: "image.tar", Path: written(t, "image.tar", archive)}}
	task.Args = []string{"one", "two words"}
	task.Env = []executor.Variable{{Name: "BOTH", Value: "job"}}
	task.Seed = [32]byte{31: 7}
	result := finished(t, e, task)
	require.Equal(t, []string{"environment"}, names(result), "%+v", result)
	lines := strings.Split(strings.TrimSpace(readOutput(t, task, "environment")), "\n")
	require.Subset(t, lines, []string{
		"FROM_IMAGE=yes", "FROM_DOCUMENT=yes", "BOTH=job", "HOME=/tmp", "TMPDIR=/tmp", "THETA_SEED=" + strings.Repeat("0", 62) + "07", "[environment one two words]",
	})
	task.ID, task.OutputDir = "b", filepath.Join(t.TempDir(), "out")
	task.Env = []executor.Variable{{Name: "HOME", Value: "/"}}
	require.ErrorIs(t, e.Start(waiting(t), task), executor.ErrBadTask)
}

// TestImagesThatCannotRunGiveTheSameResultEverywhere also holds that the engine is not asked to load them.
func TestImagesThatCannotRunGiveTheSameResultEverywhere(t *testing.T) {
	config, _ := guestImage(t, "quick").parts(t)
	other := tarOf(t, []entry{{tar.Header{Name: "x", Mode: 0o644}, []byte("y")}})
	layout, _ := guestImage(t, "quick").layout(t)
	noCommand, noFile := guestImage(t), guestImage(t)
	delete(noCommand.config, "Cmd")
	noFile.config["Cmd"] = []string{"/missing"}
	wrongVolume := guestImage(t, "quick")
	wrongVolume.config["Volumes"] = map[string]any{"/proc/x": map[string]any{}}
	for name, test := range map[string]struct {
		program []byte
		says    string
	}{
		"another digest": {marshal(t, Program{Profile: Profile, Image: "sha256:" + strings.Repeat("0", 64), Archive: "image.tar"}), "expected the image sha256:0000"},
		"another layer":  {savedArchive(t, config, other), "expected a layer with content"},
		"no input":       {marshal(t, Program{Profile: Profile, Image: "sha256:" + strings.Repeat("0", 64), Archive: "other.tar"}), "expected the name of an input"},
		"no document":    {[]byte(`{"profile":"container/1"`), "the program is not what container/1 expects"},
		"no command":     {noCommand.saved(t), "the image has no command"},
		"no such file":   {noFile.saved(t), "cannot be started"},
		"volume":         {wrongVolume.saved(t), "which is not the image's own"},
	} {
		t.Run(name, func(t *testing.T) {
			e := opened(t, socket(t), nil)
			task := taskOf(t, test.program)
			task.Inputs = []executor.Input{{Name: "image.tar", Path: written(t, "image.tar", layout)}}
			result := finished(t, e, task)
			require.Equal(t, manifest.ReasonInvalidProgram, result.Reason, result.Detail)
			require.Contains(t, result.Detail, test.says)
			require.Empty(t, result.Outputs)
			require.Equal(t, manifest.NoExitCode, result.ExitCode)
		})
	}
}

// TestAnImageInTheEngineDoesNotChangeAResult: a requester could otherwise have a node that has run the image outvoted.
func TestAnImageInTheEngineDoesNotChangeAResult(t *testing.T) {
	e := opened(t, socket(t), nil)
	d := guestImage(t, "quick")
	task := taskOf(t, d.saved(t))
	require.Equal(t, manifest.ReasonExited, finished(t, e, task).Reason)
	config, _ := d.parts(t)
	task.OutputDir = filepath.Join(t.TempDir(), "out")
	task.ProgramPath = written(t, "wrong.tar", savedArchive(t, config, tarOf(t, []entry{{tar.Header{Name: "x", Mode: 0o644}, []byte("y")}})))
	require.Equal(t, manifest.ReasonInvalidProgram, finished(t, e, task).Reason)
}

// TestAKilledProgramHasNoResult: only the machine can have killed it, as far as its exit code says.
func TestAKilledProgramHasNoResult(t *testing.T) {
	e := opened(t, socket(t), nil)
	require.NoError(t, e.Start(waiting(t), taskOf(t, guestImage(t, "kill").saved(t))))
	_, err := e.Wait(waiting(t), "a")
	require.ErrorIs(t, err, executor.ErrWorkerDied)
}

// testRegistry serves an image in the way of registries.
type testRegistry struct {
	blobs map[string][]byte
	// stall is the digest at which the registry sends a part and then nothing.
	stall string
	gone  chan struct{}
	// stalls is closed then, if it is not nil.
	stalls chan struct{}
	asked  []string
}

// ServeHTTP implements http.Handler.
func (s *testRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.URL.Path)
	if r.URL.Path == "/token" {
		_, _ = w.Write([]byte(`{"token":"` + r.URL.Query().Get("scope") + `"}`))
		return
	}
	if r.Header.Get("Authorization") != "Bearer repository:owner/name:pull" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	digest := strings.TrimPrefix(filepath.Base(r.URL.Path), "sha256:")
	content, has := s.blobs[digest]
	if !has {
		http.NotFound(w, r)
		return
	}
	if digest == s.stall {
		_, _ = w.Write(content[:len(content)/2])
		w.(http.Flusher).Flush()
		if s.stalls != nil {
			close(s.stalls)
		}
		select {
		case <-s.gone:
		case <-r.Context().Done():
		}
		return
	}
	_, _ = w.Write(content)
}

// serve starts a registry with an image and returns it with the name of the image.
func serve(t *testing.T, d *draft) (s *testRegistry, name, layer string) {
	t.Helper()
	config, stored := d.parts(t)
	manifest := manifestOf(t, config, stored)
	s = &testRegistry{blobs: map[string][]byte{}, gone: make(chan struct{})}
	for _, content := range [][]byte{config, stored, manifest} {
		s.blobs[sumOf(content)] = content
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: s, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		close(s.gone)
		require.NoError(t, server.Close())
	})
	return s, listener.Addr().String() + "/owner/name@sha256:" + sumOf(manifest), sumOf(stored)
}

func TestAnImageOfARegistryIsFetchedOnce(t *testing.T) {
	e := opened(t, socket(t), func(c *Config) { c.HTTP = http.DefaultClient })
	d := guestImage(t, "quick")
	d.pack = gzipped
	s, name, _ := serve(t, d)
	task := taskOf(t, marshal(t, Program{Profile: Profile, Image: name}))
	result := finished(t, e, task)
	require.Equal(t, []string{"stderr", "stdout", "sub/result.txt"}, names(result), result.Detail)
	asked := len(s.asked)
	task.ID, task.OutputDir = "b", filepath.Join(t.TempDir(), "out")
	require.Equal(t, result.Outputs, finished(t, e, task).Outputs)
	require.Len(t, s.asked, asked)
}

func TestARegistryThatDoesNotServeTheImageIsNoResult(t *testing.T) {
	for name, test := range map[string]struct {
		change func(s *testRegistry, layer string)
		says   string
	}{
		"it stalls":             {func(s *testRegistry, layer string) { s.stall = layer }, "sent nothing for 200ms"},
		"it serves other bytes": {func(s *testRegistry, layer string) { s.blobs[layer] = []byte("other") }, "sent content with digest"},
		"it lacks a layer":      {func(s *testRegistry, layer string) { delete(s.blobs, layer) }, "with status 404"},
	} {
		t.Run(name, func(t *testing.T) {
			e := opened(t, socket(t), func(c *Config) { c.HTTP, c.StallTime = http.DefaultClient, 200*time.Millisecond })
			s, image, layer := serve(t, guestImage(t, "quick"))
			test.change(s, layer)
			require.NoError(t, e.Start(waiting(t), taskOf(t, marshal(t, Program{Profile: Profile, Image: image}))))
			_, err := e.Wait(waiting(t), "a")
			require.ErrorIs(t, err, executor.ErrUnavailable)
			require.ErrorContains(t, err, test.says)
		})
	}
}

// TestARegistryThatStallsKeepsOnlyItsOwnTaskWaiting: a requester could otherwise have a node miss the deadlines of others.
func TestARegistryThatStallsKeepsOnlyItsOwnTaskWaiting(t *testing.T) {
	e := opened(t, socket(t), func(c *Config) { c.HTTP, c.StallTime = http.DefaultClient, 10*patience })
	s, image, layer := serve(t, guestImage(t, "endless"))
	s.stall, s.stalls = layer, make(chan struct{})
	task := taskOf(t, marshal(t, Program{Profile: Profile, Image: image}))
	task.ID = "stalled"
	require.NoError(t, e.Start(waiting(t), task))
	select {
	case <-s.stalls:
	case <-waiting(t).Done():
		t.Fatal("the layer is not fetched")
	}
	require.Equal(t, manifest.ReasonExited, finished(t, e, taskOf(t, guestImage(t, "quick").saved(t))).Reason)
	require.NoError(t, e.Destroy("stalled"))
}

// TestTwoTasksFetchAnImageOnce: the tasks of an array often begin together.
func TestTwoTasksFetchAnImageOnce(t *testing.T) {
	e := opened(t, socket(t), func(c *Config) { c.HTTP = http.DefaultClient })
	s, image, layer := serve(t, guestImage(t, "quick"))
	for _, id := range []string{"one", "two"} {
		task := taskOf(t, marshal(t, Program{Profile: Profile, Image: image}))
		task.ID = id
		require.NoError(t, e.Start(waiting(t), task))
	}
	for _, id := range []string{"one", "two"} {
		result, err := e.Wait(waiting(t), id)
		require.NoError(t, err)
		require.Equal(t, manifest.ReasonExited, result.Reason)
	}
	fetched := 0
	for _, path := range s.asked {
		if strings.HasSuffix(path, layer) {
			fetched++
		}
	}
	require.Equal(t, 1, fetched)
}

// TestTheExampleCountsWords runs examples/container as its page says.
func TestTheExampleCountsWords(t *testing.T) {
	e := opened(t, socket(t), nil)
	dir := t.TempDir()
	program, archive := filepath.Join(dir, "words"), filepath.Join(dir, "words.tar")
	for _, command := range [][]string{
		{"go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "../../examples/container/cmd/words"},
		{"go", "run", "../../examples/container/cmd/pack", program, runtime.GOARCH, archive},
	} {
		c := exec.Command(command[0], command[1:]...)
		c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
		said, err := c.CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	text, err := os.ReadFile("../../examples/container/text.txt")
	require.NoError(t, err)
	content, err := os.ReadFile(archive)
	require.NoError(t, err)
	task := taskOf(t, content)
	task.Args = []string{"2"}
	task.Inputs = []executor.Input{{Name: "text.txt", Path: written(t, "text.txt", text)}}
	result := finished(t, e, task)
	require.Equal(t, []string{"stdout", "words.json"}, names(result), "%+v", result)
	require.JSONEq(t, `[{"word":"the","count":4},{"word":"dog","count":2}]`, readOutput(t, task, "words.json"))
	require.Equal(t, "11 different words\n", readOutput(t, task, "stdout"))
}
