package jobfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const goodJob = `
executor: wasm/1
program: build/textgen.wasm
args: [--tokens, "200"]
inputs:
  prompt.txt: prompt.txt
  model.bin:
    uri: https://example.org/model.bin
    sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    size: 1000
resources: {fuel: 5_000_000_000, memory: 64MiB, output: 1MB}
class: cpu-small
policy: {quorum: 5}
reward: 1.5tfuel
commit_blocks: 90
seed: "0000000000000000000000000000000000000000000000000000000000000007"
relay: http://127.0.0.1:7070
`

func TestJobFileKeepsWhatItSaysAndFillsInTheRest(t *testing.T) {
	job, err := Parse([]byte(goodJob))
	require.NoError(t, err)
	require.Equal(t, "build/textgen.wasm", job.Program.Path)
	require.Equal(t, []string{"https://example.org/model.bin"}, job.Inputs["model.bin"].URIs)
	require.EqualValues(t, 1000, job.Inputs["model.bin"].Size)
	require.EqualValues(t, 5_000_000_000, job.Resources.Fuel)
	require.EqualValues(t, 64<<20, job.Resources.Memory)
	require.EqualValues(t, 1_000_000, job.Resources.Output)
	require.Equal(t, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", job.Inputs["model.bin"].SHA256.String())
	require.Equal(t, "1500000000000000000atfuel", job.Reward.String())
	require.Len(t, job.Seed, seedBytes)
	require.EqualValues(t, 7, job.Seed[31])
	require.EqualValues(t, 5, job.Policy.Quorum)
	require.EqualValues(t, 90, job.CommitBlocks)
	require.EqualValues(t, defaultPrepareBlocks, job.PrepareBlocks)
	require.EqualValues(t, defaultLifetimeBlocks, job.LifetimeBlocks)
}

func TestJobFileRefusesWithTheReason(t *testing.T) {
	const minimal = "executor: wasm/1\nprogram: p.wasm\nclass: c\nreward: 1tfuel\nresources: {fuel: 1, memory: 1MiB, output: 1}\n"
	_, err := Parse([]byte(minimal))
	require.NoError(t, err)

	for name, c := range map[string]struct{ text, says string }{
		"empty":                  {"", "empty file"},
		"unknown field":          {minimal + "rewrd: 2tfuel\n", "line 6: field rewrd is unknown"},
		"unknown nested field":   {minimal + "policy: {quorm: 3}\n", "line 6: field quorm is unknown"},
		"unknown content field":  {minimal + "inputs:\n  a:\n    url: http://x\n", "line 8: field url is unknown"},
		"field given twice":      {minimal + "reward: 2tfuel\n", "line 6"},
		"second document":        {minimal + "---\nexecutor: wasm/1\n", "second document"},
		"not a mapping":          {"- a\n- b\n", "line 1"},
		"no executor":            {"program: p.wasm\n", "executor is missing"},
		"no reward":              {"executor: wasm/1\nprogram: p\nclass: c\nresources: {fuel: 1, memory: 1, output: 1}\n", "reward is missing"},
		"reward without denom":   {"executor: wasm/1\nprogram: p\nclass: c\nreward: 5\nresources: {fuel: 1, memory: 1, output: 1}\n", `found "5"`},
		"bad size":               {"resources: {fuel: 1, memory: lots, output: 1}\n", `line 1: expected a size such as 64MiB or 1000000, found "lots"`},
		"bad seed":               {minimal + "seed: abc\n", "64 hex digits"},
		"address without digest": {minimal + "inputs: {a: {uri: http://x/y, size: 3}}\n", "needs its digest"},
		"no reward's text":       {strings.Replace(minimal, "1tfuel", "''", 1), "reward is missing"},
		"no text for a reward":   {strings.Replace(minimal, "1tfuel", "[1tfuel]", 1), "line 4: expected a text"},
		"seed of another size":   {minimal + "seed: abcd\n", `seed: expected 64 hex digits or nothing, found "abcd"`},
		"bond without denom":     {minimal + "placement: {min_bond: 5}\n", "placement: min_bond: expected an amount"},
		"digest cut off":         {minimal + "inputs:\n  a: {uri: http://x/y, sha256: 0123, size: 3}\n", "line 7: sha256: expected a sha256 digest of 64 lower-case hex characters, found 4 characters"},
		"address without size":   {minimal + "inputs: {a: {uri: http://x/y, sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}}\n", "size is missing"},
		"too long":               {minimal + "# " + string(make([]byte, maxJobFileBytes)), "expected at most"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte(c.text))
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestJobFilePathsAreRelativeToTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "job.yaml")
	require.NoError(t, os.WriteFile(path, []byte(goodJob), 0o600))
	job, err := Load(path)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "build", "textgen.wasm"), job.Program.Path)
	require.Empty(t, job.Inputs["model.bin"].Path)

	require.NoError(t, job.SetInput("prompt.txt="+filepath.Join(dir, "other.txt")))
	require.Equal(t, filepath.Join(dir, "other.txt"), job.Inputs["prompt.txt"].Path)
	require.ErrorContains(t, job.SetInput("prompt.txt"), "path=FILE")
}

func TestJobFilesOfOtherSystemsAreRead(t *testing.T) {
	utf16 := []byte{0xff, 0xfe}
	for _, b := range []byte(minimalJob) {
		utf16 = append(utf16, b, 0)
	}
	for name, text := range map[string][]byte{
		"crlf":  []byte(strings.ReplaceAll(minimalJob, "\n", "\r\n")),
		"bom":   append([]byte("\xef\xbb\xbf"), minimalJob...),
		"utf16": utf16,
	} {
		job, err := Parse(text)
		require.NoError(t, err, name)
		require.Equal(t, "wasm/1", job.Executor)
	}
	_, err := Parse([]byte(minimalJob + "z: [&a [x,x], &b [*a,*a], [*b,*b]]\n"))
	require.ErrorContains(t, err, "field z is unknown")
}

func FuzzJobFileNeverPanics(f *testing.F) {
	f.Add([]byte(goodJob))
	f.Add([]byte("inputs: {a: [1]}"))
	f.Add([]byte("program: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		job, err := Parse(text)
		if err == nil && job.Validate() != nil {
			t.Fatalf("accepted a job that is not valid: %q", text)
		}
	})
}
