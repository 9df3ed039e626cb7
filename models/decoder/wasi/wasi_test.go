package wasi_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/models/checkpoint"
	"github.com/thetaedge/theta/models/convert"
	"github.com/thetaedge/theta/models/decoder"
	"github.com/thetaedge/theta/models/format"
	"github.com/thetaedge/theta/models/safetensors"
	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cpu"
	"github.com/thetaedge/theta/tensor/ref"
)

const prose = "../../testdata/prose"

// model converts the model of the tests.
func model(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(prose, "config.json"))
	require.NoError(t, err)
	c, err := checkpoint.ParseConfig(text)
	require.NoError(t, err)
	weights, err := safetensors.OpenFolder(prose)
	require.NoError(t, err)
	defer weights.Close()
	var out bytes.Buffer
	require.NoError(t, convert.Convert(&out, weights, c, convert.Options{Bits: 4}))
	return out.Bytes()
}

// program compiles testdata/logits.
func program(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "logits.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, "./testdata/logits")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
	return out
}

// A program of the profile gives the logits that the same decoder gives natively, bit for bit.
func TestAProgramGivesTheBitsOfTheNativeDecoder(t *testing.T) {
	content := model(t)
	file, err := format.Open(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	session := decoder.OnSession(tensor.NewSession(ref.NewDevice(), 1<<30), bytes.NewReader(content))
	d, err := decoder.New(session, file, decoder.Options{Batch: 5})
	require.NoError(t, err)
	tokens, args := make([]int32, 40), make([]string, 40)
	for i := range tokens {
		tokens[i] = int32(i * 29 % 68)
		args[i] = strconv.Itoa(int(tokens[i]))
	}
	logits, err := d.Every(tokens)
	require.NoError(t, err)
	var want []byte
	for _, l := range logits {
		want = binary.LittleEndian.AppendUint32(want, uint32(l))
	}

	path, out := filepath.Join(t.TempDir(), "model"), filepath.Join(t.TempDir(), "out")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	e, err := tensors.New(tensors.Config{Slots: 1, Open: func() (tensor.Device, error) { return cpu.New(), nil }})
	require.NoError(t, err)
	defer e.Close()
	task := executor.Task{
		ID: "task", ProgramPath: program(t), Args: args, Inputs: []executor.Input{{Name: "model", Path: path}},
		Fuel: 100_000_000_000, MemoryBytes: 64 << 20, DeviceBytes: 64 << 20, OutputBytes: 1 << 20, OutputFiles: 16,
		OutputDir: out, WallLimit: time.Minute,
	}
	require.NoError(t, e.Start(context.Background(), task))
	result, err := e.Wait(context.Background(), task.ID)
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, result.Reason, result.Detail)
	stderr, _ := os.ReadFile(filepath.Join(out, "stderr"))
	require.Zero(t, result.ExitCode, string(stderr))
	got, err := os.ReadFile(filepath.Join(out, "logits"))
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	t.Logf("fuel %d, of which operations natively %d in batches of 5", result.FuelUsed, session.Fuel())
}
