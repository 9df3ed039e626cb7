package upscale_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/upscale/convert"
	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/picture"
	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/executor/wasm"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/ref"
)

// build compiles the program as build.sh does.
func build(t *testing.T) string {
	t.Helper()
	// Reading the source tells the test cache what the result depends on.
	_, err := os.ReadFile("cmd/upscale/main.go")
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), "upscale.wasm")
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, "./cmd/upscale")
	command.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOEXPERIMENT=", "GOWASM=")
	report, err := command.CombinedOutput()
	require.NoError(t, err, "%s", report)
	return out
}

// task returns a task with a model and a picture.
func task(t *testing.T, program, model, name string, content []byte, args ...string) executor.Task {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return executor.Task{
		ID: "task", ProgramPath: program, Args: args,
		Inputs: []executor.Input{{Name: "model", Path: model}, {Name: name, Path: path}},
		Fuel:   1 << 40, MemoryBytes: 256 << 20, DeviceBytes: 256 << 20, OutputBytes: 64 << 20, OutputFiles: 4,
		OutputDir: filepath.Join(t.TempDir(), "out"), WallLimit: 5 * time.Minute,
	}
}

// start starts an executor with an engine and a device. It compiles a program once for all tasks.
func start(t *testing.T, engine string, device tensor.Device) *wasm.Executor {
	t.Helper()
	e, err := tensors.New(tensors.Config{Slots: 1, Engine: engine, Open: func() (tensor.Device, error) { return device, nil }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// run runs a task.
func run(t *testing.T, e *wasm.Executor, tk executor.Task) executor.Result {
	t.Helper()
	require.NoError(t, e.Start(context.Background(), tk))
	result, err := e.Wait(context.Background(), tk.ID)
	require.NoError(t, err)
	return result
}

// output reads what a task wrote, by name.
func output(t *testing.T, tk executor.Task, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(tk.OutputDir, name))
	require.NoError(t, err)
	return string(content)
}

// modelFile writes the file of a small network that enlarges by two.
func modelFile(t *testing.T) string {
	t.Helper()
	content, err := convert.Run(drawn(t, 9, 2), []network.Picture{clouds(2, 30, 30)}, convert.Options{})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "model")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func encoded(t *testing.T, p picture.Picture) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, picture.Encode(&file, p))
	return file.Bytes()
}

func TestEveryDeviceAndEngineGivesTheSamePicture(t *testing.T) {
	model, program := modelFile(t), build(t)
	p := picture.Picture{Picture: clouds(6, 21, 30), Alpha: bytes.Repeat([]byte{255, 7, 90}, 210)}
	f, err := network.Open(model)
	require.NoError(t, err)
	want := encoded(t, p.Enlarged(enlarge(t, f, p.Picture, 64), 2))
	require.NoError(t, f.Close())
	var fuel uint64
	for _, engine := range wasm.Engines() {
		for _, device := range []tensor.Device{ref.NewDevice(), cpu.New()} {
			tk := task(t, program, model, "picture.png", encoded(t, p), "--tile", "8")
			result := run(t, start(t, engine, device), tk)
			require.Equal(t, manifest.ReasonExited, result.Reason, result.Detail)
			require.Zero(t, result.ExitCode)
			require.Equal(t, string(want), output(t, tk, "picture.png"), "%s, %s", engine, device.Name())
			if fuel == 0 {
				fuel = result.FuelUsed
			}
			require.Equal(t, fuel, result.FuelUsed, "%s, %s", engine, device.Name())
		}
	}
}

func TestFailureHasAMessageAndAnExitCode(t *testing.T) {
	model, program := modelFile(t), build(t)
	var huge bytes.Buffer
	require.NoError(t, png.Encode(&huge, image.NewPaletted(image.Rect(0, 0, 3000, 3000), color.Palette{color.Black})))
	small := encoded(t, picture.Picture{Picture: clouds(6, 4, 4)})
	e := start(t, "", cpu.New())
	for name, c := range map[string]struct {
		name    string
		content []byte
		args    []string
		code    int32
		says    string
	}{
		"no picture":       {"other.png", small, nil, 1, "read picture: open /in/picture.jpg"},
		"not a picture":    {"picture.jpg", []byte("hello"), nil, 1, `/in/picture.jpg: expected a PNG or JPEG file, found one that begins with "hello"`},
		"cut":              {"picture.png", small[:len(small)-20], nil, 1, "/in/picture.png: read the picture"},
		"too large":        {"picture.png", huge.Bytes(), nil, 1, "expected a picture of at most 4194304 pixels to enlarge by 2, found 3000x3000; make it smaller"},
		"no such model":    {"picture.png", small, []string{"--model", "/in/none"}, 1, "read model: open /in/none"},
		"not a model":      {"picture.png", small, []string{"--model", "/in/picture.png"}, 1, "use a file that convert has written"},
		"output elsewhere": {"picture.png", small, []string{"--out", "/in/large.png"}, 1, "write picture"},
		"small tiles":      {"picture.png", small, []string{"--tile", "7"}, 2, "expected tiles of 8 to 512 pixels, found 7"},
		"unknown flag":     {"picture.png", small, []string{"--speed", "1"}, 2, "not defined"},
		"stray argument":   {"picture.png", small, []string{"now"}, 2, `expected flags only, found "now"`},
	} {
		tk := task(t, program, model, c.name, c.content, c.args...)
		tk.ID = name
		result := run(t, e, tk)
		require.Equal(t, manifest.ReasonExited, result.Reason, "%s: %s", name, result.Detail)
		require.Equal(t, c.code, result.ExitCode, name)
		require.Contains(t, output(t, tk, "stderr"), c.says, name)
	}
}
