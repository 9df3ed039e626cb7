package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/client/jobfile"
)

// oddJob is a job file with one field replaced or added by each case.
const oddJob = `executor: wasm/1
program: p.wasm
args: ["a"]
resources: {fuel: 5_000_000_000, memory: 64MiB, output: 1MiB}
policy: {quorum: 3}
reward: 1tfuel
class: cpu-small
`

// TestOddJobFilesAreReadAsAPersonMeansThemOrRefused plays job files that people have
// written. A case names a line by its beginning, its replacement, and what is said
// about it; "" for a job that packs.
func TestOddJobFilesAreReadAsAPersonMeansThemOrRefused(t *testing.T) {
	const folderOnly = "expected a regular file, found "
	for name, c := range map[string]struct{ line, with, says string }{
		"abs":        {"", "inputs: {/etc/x: empty}", "expected a relative path"},
		"anchor":     {"args", "args: [&x a, *x]", ""},
		"arg_emoji":  {"args", `args: ["😀 ütf", "nul\0byte"]`, "without zero bytes"},
		"argstr":     {"args", "args: --tokens 300", "expected a list, as in [one, two]"},
		"argtypes":   {"args", `args: [1, 1.0, true, null, 0x10, 010, 1e3, 2020-01-01, ~, "", yes, 1_000]`, ""},
		"audit0":     {"policy", "policy: {audit: 0%}", "leave the field out to have none"},
		"audit100":   {"policy", "policy: {audit: 100%}", ""},
		"audit101":   {"policy", "policy: {audit: 101%}", "expected a share"},
		"auditint":   {"policy", "policy: {audit: 10}", "expected a share"},
		"auditnum":   {"policy", "policy: {audit: 0.1}", "expected a share"},
		"auditpct":   {"policy", "policy: {audit: 0.001%}", "expected a share"},
		"big_args":   {"args", `args: ["` + strings.Repeat("x", 512) + strings.Repeat(`", "`+strings.Repeat("x", 512), 9) + `"]`, "at most 4096 bytes encoded"},
		"dev":        {"", "inputs: {z: /dev/zero}", folderOnly + "a device"},
		"dir":        {"", "inputs: {z: .}", folderOnly + "a folder"},
		"dotdot":     {"", "inputs: {../x: empty}", `without ".."`},
		"dupkey":     {"", "reward: 2tfuel", "already defined"},
		"empty":      {"", "inputs: {z: empty}", ""},
		"fifo":       {"", "inputs: {z: fifo}", folderOnly + "a pipe"},
		"fifo_prog":  {"program", "program: fifo", folderOnly + "a pipe"},
		"fuel0":      {"resources", "resources: {fuel: 0, memory: 64MiB, output: 1MiB}", `from 1 on, in decimal digits, found "0"`},
		"fuelbig":    {"resources", "resources: {fuel: 99999999999999999999, memory: 64MiB, output: 1MiB}", "expected a whole number"},
		"fuelhex":    {"resources", "resources: {fuel: 0x12A05F200, memory: 64MiB, output: 1MiB}", `in decimal digits, found "0x12A05F200"`},
		"fuelneg":    {"resources", "resources: {fuel: -1, memory: 64MiB, output: 1MiB}", "expected a whole number"},
		"fueloct":    {"resources", "resources: {fuel: 010, memory: 64MiB, output: 1MiB}", `in decimal digits, found "010"`},
		"mem64":      {"resources", "resources: {fuel: 1, memory: 64, output: 0}", "resources.output is missing"},
		"memG":       {"resources", "resources: {fuel: 1, memory: 1.5GiB, output: 1MiB}", "expected a size"},
		"memMB":      {"resources", "resources: {fuel: 5e9, memory: 64MB, output: 1MB}", ""},
		"merge":      {"", "x: &b {quorum: 3}", "field x is unknown"},
		"missing":    {"", "inputs: {z: nope}", "no such file"},
		"nested":     {"", "inputs: {a/b/c: empty, a/b: empty}", "lies below it"},
		"norway":     {"", "placement: {regions: [no, on]}", ""},
		"norway2":    {"", "placement: {regions: [NO]}", "expected a country"},
		"polstr":     {"policy", "policy: quorum", "expected its fields"},
		"prog_txt":   {"program", "program: empty", "expected a wasm module"},
		"progdir":    {"program", "program: .", folderOnly + "a folder"},
		"quorum1":    {"policy", "policy: {quorum: 1}", "expected an odd number from 3"},
		"quorum2":    {"policy", "policy: {quorum: 2}", "expected an odd number from 3"},
		"quorum99":   {"policy", "policy: {quorum: 99}", "expected an odd number from 3"},
		"quorum2^32": {"policy", "policy: {quorum: 4294967299}", "expected an odd number from 3"},
		"rew":        {"reward", "reward: 1", "expected an amount"},
		"rewoct":     {"reward", "reward: 0.2tfuel", ""},
		"rewcomma":   {"reward", `reward: "0,5tfuel"`, "expected an amount"},
		"rewdot":     {"reward", "reward: .5tfuel", "expected an amount"},
		"rewexp":     {"reward", "reward: 1e18atfuel", "expected a decimal number"},
		"rewneg":     {"reward", "reward: -1tfuel", "expected an amount"},
		"rewspace":   {"reward", `reward: "1 tfuel"`, ""},
		"rewupper":   {"reward", "reward: 1TFUEL", "expected a decimal number"},
		"bondoct":    {"", "placement: {min_bond: 010tfuel}", ""},
		"seed":       {"", `seed: "0x` + strings.Repeat("0", 64) + `"`, "64 hex digits"},
		"seedshort":  {"", "seed: abc", "64 hex digits"},
		"space":      {"", `inputs: {" lead space": empty}`, "expected a relative path"},
		"tab":        {"", `inputs: {"tab\tname": empty}`, "expected a relative path"},
		"tasks0":     {"", "tasks: 0", `from 1 on, in decimal digits, found "0"`},
		"tasksbig":   {"", "tasks: 1000001", "expected 1 to 1000000"},
		"tasksfloat": {"", "tasks: 1.5", "expected a whole number"},
		"tasksneg":   {"", "tasks: -5", "expected a whole number"},
		"twodocs":    {"", "---\nreward: 2tfuel", "a second document"},
		"unicode":    {"", `inputs: {"ünï.txt": empty}`, "expected a relative path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "p.wasm"), []byte(tinyProgram), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600))
			require.NoError(t, mkfifo(filepath.Join(dir, "fifo")))
			lines := strings.Split(oddJob, "\n")
			for i, line := range lines {
				if c.line != "" && strings.HasPrefix(line, c.line+":") {
					lines[i] = c.with
				}
			}
			if c.line == "" {
				lines = append(lines, c.with)
			}
			path := filepath.Join(dir, "job.yaml")
			require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
			done := make(chan error, 1)
			go func() {
				job, err := jobfile.Load(path)
				if err == nil {
					job.Relay = "http://127.0.0.1:1"
					_, err = Pack(job)
				}
				done <- err
			}()
			select {
			case err := <-done:
				if c.says == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorContains(t, err, c.says)
			case <-time.After(10 * time.Second):
				t.Fatal("it waits for ever")
			}
		})
	}
}
