package tensors_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/manifest"
	"github.com/thetaedge/theta/executor/tensors"
	"github.com/thetaedge/theta/tensor"
)

// pair allocates a tensor of 16 elements of 8 bits, and one of 4 elements of 32 bits.
const pair = `(drop (call $alloc (i32.const 2) (i64.const 16))) (drop (call $alloc (i32.const 4) (i64.const 4)))`

// gemm is a record that multiplies four rows of four elements with the first one of them.
func gemm() *tensor.Gemm {
	at := func(handle tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: handle} }
	return &tensor.Gemm{A: at(1), W: at(1), Out: at(2), Batch: 1, M: 4, N: 1, K: 4}
}

// records places records at 1024.
func records(ops ...tensor.Op) string { return bytesAt(1024, tensor.Encode(ops...)) }

// Each function with a call costs 10 units at its entry, and each of its instructions costs one.
func TestACallCostsItsLaunchAndWhatItMoves(t *testing.T) {
	const launch = tensor.FuelLaunch
	ops := []tensor.Op{gemm(), &tensor.Fill{Out: tensor.Operand{Tensor: 2}, Count: 4, Value: 1}}
	for name, c := range map[string]struct {
		items, body string
		fuel        uint64
	}{
		"alloc":          {body: `(drop (call $alloc (i32.const 4) (i64.const 101)))`, fuel: 3 + launch + 202},
		"alloc of s4":    {body: `(drop (call $alloc (i32.const 1) (i64.const 101)))`, fuel: 3 + launch + 25},
		"alloc and free": {body: `(drop (call $alloc (i32.const 2) (i64.const 8))) (call $free (i32.const 1))`, fuel: 5 + 2*launch + 4},
		"write":          {body: pair + `(call $write (i32.const 1) (i64.const 4) (i32.const 64) (i32.const 12))`, fuel: 11 + 3*launch + 16 + 6},
		"read":           {body: pair + `(call $read (i32.const 2) (i64.const 0) (i32.const 64) (i32.const 16))`, fuel: 11 + 3*launch + 16 + 8},
		"no records":     {body: `(call $submit (i32.const 0) (i32.const 0))`, fuel: 3 + launch},
		"records":        {items: records(ops...), body: pair + `(call $submit (i32.const 1024) (i32.const 2))`, fuel: 9 + 2*launch + 16 + tensor.FuelOf(ops)},
	} {
		t.Run(name, func(t *testing.T) {
			tk := task(t, wat(t, c.items, c.body))
			tk.Fuel = 10 + c.fuel
			r := run(t, tk)
			require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
			require.Equal(t, 10+c.fuel, r.FuelUsed)
			tk.Fuel--
			r = run(t, tk)
			require.Equal(t, manifest.ReasonOutOfFuel, r.Reason, r.Detail)
			require.Equal(t, tk.Fuel, r.FuelUsed)
		})
	}
}

func TestAWrongCallTrapsAndCostsItsLaunch(t *testing.T) {
	overlap, unknown := gemm(), make([]byte, tensor.RecordBytes)
	overlap.W.Tensor = 2
	unknown[0] = 99
	wide := gemm()
	wide.K = 5
	for name, c := range map[string]struct{ items, body string }{
		"alloc of no type":              {"", `(drop (call $alloc (i32.const 0) (i64.const 8)))`},
		"alloc of another type":         {"", `(drop (call $alloc (i32.const 6) (i64.const 8)))`},
		"alloc of nothing":              {"", `(drop (call $alloc (i32.const 2) (i64.const 0)))`},
		"free of nothing":               {"", `(call $free (i32.const 3))`},
		"free of handle 0":              {"", `(call $free (i32.const 0))`},
		"free of a handle out of range": {"", `(call $free (i32.const -1))`},
		"free twice":                    {"", `(call $free (i32.const 2)) (call $free (i32.const 2))`},
		"write to nothing":              {"", `(call $write (i32.const 3) (i64.const 0) (i32.const 0) (i32.const 0))`},
		"write past the tensor":         {"", `(call $write (i32.const 1) (i64.const 8) (i32.const 0) (i32.const 12))`},
		"write before the tensor":       {"", `(call $write (i32.const 1) (i64.const -4) (i32.const 0) (i32.const 4))`},
		"write within a word":           {"", `(call $write (i32.const 1) (i64.const 2) (i32.const 0) (i32.const 4))`},
		"write of a part of a word":     {"", `(call $write (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 3))`},
		"write past the memory":         {"", `(call $write (i32.const 1) (i64.const 0) (i32.const 131068) (i32.const 8))`},
		"write around the memory":       {"", `(call $write (i32.const 1) (i64.const 0) (i32.const -4) (i32.const 8))`},
		"read past the tensor":          {"", `(call $read (i32.const 2) (i64.const 16) (i32.const 0) (i32.const 4))`},
		"read past the memory":          {"", `(call $read (i32.const 2) (i64.const 0) (i32.const 131072) (i32.const 4))`},
		"load past the tensor":          {"", `(drop (call $load (i32.const 99) (i64.const 0) (i32.const 1) (i64.const 0) (i64.const 20)))`},
		"load of a huge range":          {"", `(drop (call $load (i32.const 99) (i64.const 0) (i32.const 1) (i64.const 4) (i64.const -4)))`},
		"too many records":              {"", `(call $submit (i32.const 0) (i32.const 65537))`},
		"2^32 - 1 records":              {"", `(call $submit (i32.const 0) (i32.const -1))`},
		"records past the memory":       {"", `(call $submit (i32.const 130944) (i32.const 1))`},
		"an unknown operation":          {bytesAt(1024, unknown), `(call $submit (i32.const 1024) (i32.const 1))`},
		"operands that overlap":         {records(overlap), `(call $submit (i32.const 1024) (i32.const 1))`},
		"rows within words":             {records(wide), `(call $submit (i32.const 1024) (i32.const 1))`},
		"the second record is wrong":    {records(gemm(), overlap), `(call $submit (i32.const 1024) (i32.const 2))`},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, task(t, wat(t, c.items, pair+c.body)))
			require.Equal(t, manifest.ReasonTrapped, r.Reason)
			require.Equal(t, manifest.NoExitCode, r.ExitCode)
			require.Contains(t, r.Detail, "expected")
			calls := uint64(strings.Count(pair+c.body, "call"))
			require.Equal(t, calls, r.FuelUsed/tensor.FuelLaunch)
			require.Less(t, r.FuelUsed%tensor.FuelLaunch, uint64(60), "nothing is moved")
		})
	}
}

func TestTensorsBeyondTheLimitAreOutOfMemory(t *testing.T) {
	for name, c := range map[string]struct {
		limit  uint64
		body   string
		reason executor.Reason
	}{
		"within":                 {8192, pair, manifest.ReasonExited},
		"a page less":            {8191, pair, manifest.ReasonOutOfMemory},
		"none":                   {0, pair, manifest.ReasonOutOfMemory},
		"huge":                   {8192, `(drop (call $alloc (i32.const 5) (i64.const -1)))`, manifest.ReasonOutOfMemory},
		"no elements of no type": {0, `(drop (call $alloc (i32.const 0) (i64.const 0)))`, manifest.ReasonTrapped},
		"freed":                  {8192, pair + `(call $free (i32.const 1)) (call $free (i32.const 2))` + pair, manifest.ReasonExited},
	} {
		t.Run(name, func(t *testing.T) {
			tk := task(t, wat(t, "", c.body))
			tk.DeviceBytes = c.limit
			require.Equal(t, c.reason, run(t, tk).Reason)
		})
	}
}

func TestOneTensorMoreThanThereAreHandlesTraps(t *testing.T) {
	tk := task(t, wat(t, "", `(local $i i32) (loop $l
		(if (i32.ne (call $alloc (i32.const 2) (i64.const 1)) (local.tee $i (i32.add (local.get $i) (i32.const 1)))) (then (call $put (i32.const 0) (i32.const 1)) (return)))
		(br $l))`))
	tk.DeviceBytes = 2 * tensor.MaxTensors * tensor.PageBytes
	r := run(t, tk)
	require.Equal(t, manifest.ReasonTrapped, r.Reason)
	require.Contains(t, r.Detail, "16384")
	require.Empty(t, r.Outputs, "handles are given from the lowest on")
}

func TestLoadAnswersWithANumberUnlessTheFileHasTheBytes(t *testing.T) {
	dir := t.TempDir()
	weights := make([]byte, 4099)
	for i := range weights {
		weights[i] = byte(i * 7)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "w"), weights, 0o600))
	names := `(data (i32.const 64) "wondev/null") (func $get (param $dir i32) (param $at i32) (param $len i32) (param $flags i32) (param $rights i64) (result i32)
		(if (call $path_open (local.get $dir) (i32.const 0) (local.get $at) (local.get $len) (local.get $flags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 8)) (then unreachable))
		(i32.load (i32.const 8)))`
	file, written, null := `(call $open (i32.const 64) (i32.const 1))`, `(call $get (i32.const 4) (i32.const 65) (i32.const 1) (i32.const 1) (i64.const 64))`, `(call $get (i32.const 6) (i32.const 67) (i32.const 8) (i32.const 0) (i64.const 2))`
	for name, c := range map[string]struct {
		fd               string
		position, length int64
		errno            byte
	}{
		"all":                        {file, 3, 4096, 0},
		"nothing at the end":         {file, 4099, 0, 0},
		"not open":                   {`(i32.const 99)`, 0, 4, 8},
		"standard input":             {`(i32.const 0)`, 0, 4, 70},
		"standard output":            {`(i32.const 1)`, 0, 4, 70},
		"a directory":                {`(i32.const 3)`, 0, 4, 31},
		"not for reading":            {written, 0, 4, 8},
		"a device":                   {null, 0, 0, 28},
		"past the end":               {file, 8, 4096, 28},
		"after the end":              {file, 4100, 0, 28},
		"before the start":           {file, -4, 4, 28},
		"an input that is not there": {`(i32.const -1)`, 0, 0, 8},
	} {
		t.Run(name, func(t *testing.T) {
			tk := task(t, wat(t, names, fmt.Sprintf(`(drop (call $alloc (i32.const 2) (i64.const 4096)))
				(i32.store8 (i32.const 2048) (call $load %s (i64.const %d) (i32.const 1) (i64.const 0) (i64.const %d)))
				(call $read (i32.const 1) (i64.const 0) (i32.const 4096) (i32.const 4096))
				(call $put (i32.const 2048) (i32.const 1)) (call $put (i32.const 4096) (i32.const 4096))`, c.fd, c.position, c.length)))
			tk.Inputs = []executor.Input{{Name: "w", Path: filepath.Join(dir, "w")}}
			r := run(t, tk)
			require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
			got, want := output(t, tk, "stdout"), make([]byte, 4097)
			want[0] = c.errno
			if c.errno == 0 {
				copy(want[1:], weights[c.position:c.position+c.length])
			}
			require.Equal(t, want, got)
		})
	}
}

func TestALoadIsOfAsManyPiecesAsTheFileNeeds(t *testing.T) {
	weights := make([]byte, 10<<20|6)
	for i := range weights {
		weights[i] = byte(i>>16 ^ i)
	}
	path := filepath.Join(t.TempDir(), "w")
	require.NoError(t, os.WriteFile(path, weights, 0o600))
	tk := task(t, wat(t, `(data (i32.const 64) "w")`, fmt.Sprintf(`(local $i i64)
		(drop (call $alloc (i32.const 2) (i64.const %[1]d)))
		(if (call $load (call $open (i32.const 64) (i32.const 1)) (i64.const 2) (i32.const 1) (i64.const 0) (i64.const %[1]d)) (then unreachable))
		(drop (memory.grow (i32.const 200)))
		(call $read (i32.const 1) (i64.const 0) (i32.const 65536) (i32.const %[1]d))
		(call $put (i32.const %[2]d) (i32.const 1024))`, len(weights)-2, 65536+len(weights)-2-1024)))
	tk.Inputs = []executor.Input{{Name: "w", Path: path}}
	r := run(t, tk)
	require.Equal(t, manifest.ReasonExited, r.Reason, r.Detail)
	require.Equal(t, weights[len(weights)-1024:], output(t, tk, "stdout"))
	require.Greater(t, r.FuelUsed, uint64(len(weights)))
}

func TestTasksBeyondTheProfileAreRefused(t *testing.T) {
	e, err := tensors.New(tensors.Config{Slots: 1, Unguarded: true, Open: onReference})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	tk := task(t, wat(t, "", ""))
	tk.DeviceBytes = tensors.MaxDeviceBytes + 1
	require.ErrorIs(t, e.Start(t.Context(), tk), executor.ErrBadTask)
}

func TestProgramsAreCheckedWithTheImportsOfTheProfile(t *testing.T) {
	_, err := tensors.Check(wat(t, "", pair))
	require.NoError(t, err)
	for _, wrong := range []string{
		`(import "theta_tensor_1" "alloc" (func (param i32 i32) (result i32)))`,
		`(import "theta_tensor_1" "alloc" (func (param i32 i64)))`,
		`(import "theta_tensor_1" "fd_write" (func))`,
		`(import "theta_tensor_2" "free" (func (param i32)))`,
	} {
		path := program(t, module(t, `(module `+wrong+`(func (export "_start")))`))
		_, err := tensors.Check(path)
		require.ErrorContains(t, err, "import", wrong)
		require.Equal(t, manifest.ReasonInvalidProgram, run(t, task(t, path)).Reason)
	}
}
