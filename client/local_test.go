package client

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytecodealliance/wasmtime-go/v44"
	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/client/jobfile"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/wasm"
)

// echo is a program that writes its first argument and its input /in/a to stdout,
// and 3 bytes of the random stream to /out/dice.
const echo = `(module
	(import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
	(import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
	(memory (export "memory") 2)
	(data (i32.const 16) "a") (data (i32.const 17) "dice")
	(func (export "_start")
		(drop (call $args (i32.const 1024) (i32.const 2048)))
		(i32.store (i32.const 0) (i32.load (i32.const 1028))) (i32.store (i32.const 4) (i32.const 1))
		(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
		(if (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 12))) (then
			(i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 64))
			(drop (call $read (i32.load (i32.const 12)) (i32.const 0) (i32.const 1) (i32.const 8)))
			(i32.store (i32.const 4) (i32.load (i32.const 8)))
			(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
		(drop (call $open (i32.const 4) (i32.const 0) (i32.const 17) (i32.const 4) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 12)))
		(drop (call $random (i32.const 4096) (i32.const 3)))
		(i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (i32.const 3))
		(drop (call $write (i32.load (i32.const 12)) (i32.const 0) (i32.const 1) (i32.const 8)))))`

// localJob is a job of a program in text form, with the files of a folder next to it.
func localJob(t *testing.T, text, fields string, files map[string]string) jobfile.Job {
	t.Helper()
	dir := t.TempDir()
	program, err := wasmtime.Wat2Wasm(text)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.wasm"), program, 0o600))
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	path := filepath.Join(dir, "job.yaml")
	require.NoError(t, os.WriteFile(path, []byte("executor: wasm/1\nprogram: p.wasm\nclass: cpu-small\nreward: 1tfuel\n"+fields), 0o600))
	job, err := jobfile.Load(path)
	require.NoError(t, err)
	return job
}

const roomy = "resources: {fuel: 10_000_000, memory: 1MiB, output: 1KiB}\n"

func TestALocalRunGivesTheDigestOfWhatItSaves(t *testing.T) {
	job := localJob(t, echo, roomy+"args: [x]\ninputs: {a: a.txt}\n", map[string]string{"a.txt": "input"})
	dir := filepath.Join(t.TempDir(), "result")
	local, err := RunLocal(t.Context(), job, 0, dir)
	require.NoError(t, err)
	require.Equal(t, manifest.ReasonExited, local.Manifest.Reason)
	require.Equal(t, dir, local.Dir)
	out, err := os.ReadFile(filepath.Join(dir, "stdout"))
	require.NoError(t, err)
	require.Equal(t, "xinput", string(out))
	saved, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(saved), [32]byte(local.Digest))
	want, err := local.Report.Digest()
	require.NoError(t, err)
	require.Equal(t, want, [32]byte(local.Digest))
	left, err := filepath.Glob(filepath.Join(dir, ".theta-local-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.EqualValues(t, 3, local.OutputBytes())
	require.EqualValues(t, 2*wasm.PageBytes, local.MemoryBytes())

	again, err := RunLocal(t.Context(), job, 0, "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(again.Dir)) })
	require.Equal(t, local.Digest, again.Digest)
	require.NotEqual(t, dir, again.Dir, "a temporary folder")
}

func TestSeedArgumentsAndInputsChangeTheDigestOfALocalRun(t *testing.T) {
	seen := map[[32]byte]string{}
	for name, c := range map[string]struct{ fields, input string }{
		"base":     {"args: [x]\n", "input"},
		"argument": {"args: [y]\n", "input"},
		"input":    {"args: [x]\n", "other"},
		"seed":     {fmt.Sprintf("args: [x]\nseed: %064d\n", 7), "input"},
	} {
		job := localJob(t, echo, roomy+c.fields+"inputs: {a: a.txt}\n", map[string]string{"a.txt": c.input})
		local, err := RunLocal(t.Context(), job, 0, t.TempDir())
		require.NoError(t, err)
		require.Empty(t, seen[local.Digest], name)
		seen[local.Digest] = name
	}
}

func TestALocalRunOfAnArrayTakesTheTasksOwnNumberAndInput(t *testing.T) {
	job := localJob(t, echo, roomy+"args: ['{task}']\narray_input: {path: a, folder: own}\n",
		map[string]string{"own/0": "zero", "own/1": "one", "own/2": "two"})
	dir := t.TempDir()
	local, err := RunLocal(t.Context(), job, 2, dir)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "2"), local.Dir)
	out, err := os.ReadFile(filepath.Join(dir, "2", "stdout"))
	require.NoError(t, err)
	require.Equal(t, "2two", string(out))
	_, err = RunLocal(t.Context(), job, 3, dir)
	require.ErrorContains(t, err, "expected a task from 0 to 2, found 3")
}

func TestALocalRunFetchesWhatAnAddressNames(t *testing.T) {
	content := "from afar"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(content)) }))
	defer server.Close()
	input := fmt.Sprintf("args: [x]\ninputs: {a: {uri: %s/a, sha256: %x, size: %d}}\n", server.URL, sha256.Sum256([]byte(content)), len(content))
	local, err := RunLocal(t.Context(), localJob(t, echo, roomy+input, nil), 0, t.TempDir())
	require.NoError(t, err)
	out, err := os.ReadFile(filepath.Join(local.Dir, "stdout"))
	require.NoError(t, err)
	require.Equal(t, "x"+content, string(out))

	content = "replaced!"
	_, err = RunLocal(t.Context(), localJob(t, echo, roomy+input, nil), 0, t.TempDir())
	require.ErrorContains(t, err, "input a")
}

func TestALocalRunReportsEachWayToFail(t *testing.T) {
	for reason, c := range map[manifest.Reason]struct{ body, fields, detail string }{
		manifest.ReasonTrapped:      {`unreachable`, roomy, "unreachable"},
		manifest.ReasonOutOfFuel:    {`(loop $l (br $l))`, "resources: {fuel: 1000, memory: 1MiB, output: 1KiB}\n", ""},
		manifest.ReasonOutOfMemory:  {`(drop (memory.grow (i32.const 99)))`, roomy, "99 pages"},
		manifest.ReasonOutputTooBig: {``, "resources: {fuel: 10_000_000, memory: 1MiB, output: 2}\n", ""},
	} {
		text := `(module (memory (export "memory") 1) (func (export "_start") ` + c.body + `))`
		if reason == manifest.ReasonOutputTooBig {
			text = echo
		}
		local, err := RunLocal(t.Context(), localJob(t, text, c.fields, nil), 0, t.TempDir())
		require.NoError(t, err, reason)
		require.Equal(t, reason, local.Manifest.Reason)
		require.Contains(t, local.Report.Detail, c.detail)
	}
}

func TestALocalRunLeavesThePaidResultOfAJobAlone(t *testing.T) {
	job, dir := localJob(t, echo, roomy, nil), t.TempDir()
	require.NoError(t, (&State{Version: stateVersion, JobID: "7-0-0"}).Save(dir))
	_, err := RunLocal(t.Context(), job, 0, dir)
	require.ErrorContains(t, err, `found those of job "7-0-0"`)
}

func TestALaterLocalRunTakesTheEarliersOutputsAwayAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine.txt")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o600))
	_, err := RunLocal(t.Context(), localJob(t, echo, roomy+"args: [x]\n", nil), 0, dir)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "dice"))
	_, err = RunLocal(t.Context(), localJob(t, `(module (func (export "_start")))`, roomy, nil), 0, dir)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(dir, "dice"))
	require.FileExists(t, mine)
}

func TestSuggestedBoundsAreEnoughForTheTaskThatTheyComeFrom(t *testing.T) {
	job := localJob(t, echo, roomy+"args: [x]\n", nil)
	local, err := RunLocal(t.Context(), job, 0, t.TempDir())
	require.NoError(t, err)
	bounds := local.Suggested()
	require.Greater(t, bounds.Fuel, local.Report.FuelUsed)
	require.Greater(t, bounds.CommitBlocks, uint64(job.PrepareBlocks))
	job.Resources.Fuel, job.Resources.Memory, job.Resources.Output = jobfile.Count(bounds.Fuel), jobfile.Bytes(bounds.MemoryBytes), jobfile.Bytes(bounds.OutputBytes)
	again, err := RunLocal(t.Context(), job, 0, t.TempDir())
	require.NoError(t, err)
	require.Equal(t, local.Digest, again.Digest)
	require.EqualValues(t, 130, twoDigits(123))
	require.EqualValues(t, 99, twoDigits(99))
	require.EqualValues(t, 2_500_000_000, twoDigits(2_410_000_001))
}

func TestAProgramThatNoNodeCanRunIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for text, program := range map[string]string{
		"wasm32-wasip1 instead of wasm32-wasip2": "\x00asm\x0d\x00\x01\x00",
		"GOOS=wasip1":                            "#!/bin/sh\n",
		"docs/profiles/wasm-1.md":                "\x00asm\x01\x00\x00\x00\x0f",
		"33554432 bytes are allowed":             string(make([]byte, 1)) + "asm" + string(make([]byte, wasm.MaxProgramBytes)),
	} {
		job := localJob(t, echo, roomy+"relay: http://127.0.0.1:1\n", nil)
		require.NoError(t, os.WriteFile(job.Program.Path, []byte(program), 0o600))
		_, err := Pack(job)
		require.ErrorContains(t, err, text)
		var refusal *wasm.Refusal
		require.ErrorAs(t, err, &refusal)
		_, err = RunLocal(t.Context(), job, 0, t.TempDir())
		require.True(t, errors.As(err, &refusal), "%v", err)
	}
	job := localJob(t, `(module (memory 17) (func (export "_start")))`, roomy+"relay: http://127.0.0.1:1\n", nil)
	_, err := Pack(job)
	require.ErrorContains(t, err, "starts with 1114112 bytes of memory, resources.memory allows 1048576")
}

func TestAProgramThatCannotBeCheckedIsSaidToBeUnchecked(t *testing.T) {
	job := localJob(t, echo, roomy+"relay: http://127.0.0.1:1\n", nil)
	packed, err := Pack(job)
	require.NoError(t, err)
	require.Empty(t, packed.Unchecked)
	job.Program = jobfile.Content{URIs: []string{"http://127.0.0.1:1/p"}, SHA256: blob.Digest{1}, Size: 7}
	packed, err = Pack(job)
	require.NoError(t, err)
	require.Contains(t, packed.Unchecked, "address")
	job.Executor = "container/1"
	packed, err = Pack(job)
	require.NoError(t, err)
	require.Contains(t, packed.Unchecked, "only the profiles wasm/1 and tensor/1")
}

func TestMoreThanTheProfileCanDoIsRefusedBeforeAnythingIsSent(t *testing.T) {
	job := localJob(t, echo, "resources: {fuel: 1, memory: 5GiB, output: 1KiB}\nrelay: http://127.0.0.1:1\n", nil)
	_, err := Pack(job)
	require.ErrorContains(t, err, "memory_bytes: the profile wasm/1 takes at most 4294967296, found 5368709120")
}

func TestALocalRunSavesOddNamesAsAFetchedResultDoes(t *testing.T) {
	program := strings.NewReplacer(`"dice"`, `".theta-x"`, "(i32.const 17) (i32.const 4)", "(i32.const 17) (i32.const 8)").Replace(echo)
	job := localJob(t, program, roomy+"args: [x]\n", nil)
	local, err := RunLocal(t.Context(), job, 0, t.TempDir())
	require.NoError(t, err)
	require.Equal(t, map[string]string{".theta-x": "%2Etheta-x"}, local.Renamed())
	require.FileExists(t, filepath.Join(local.Dir, "%2Etheta-x"))
	require.FileExists(t, filepath.Join(local.Dir, NamesFile))
}

func TestALocalRunThatFailsLeavesNoFolderBehind(t *testing.T) {
	job := localJob(t, echo, "resources: {fuel: 1000000, memory: 1MiB, output: 1KiB}\n", nil)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	job.Program.Path += ".gone"
	_, err := RunLocal(t.Context(), job, 0, "")
	require.Error(t, err)
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	require.Empty(t, left)
}
