package types_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// goodSpec returns a valid job.
func goodSpec() types.JobSpec {
	blob := types.Blob{
		Sha256: bytes.Repeat([]byte{7}, types.HashSize), Size_: 7, Uris: []string{"https://example.org/v1/blobs/07"},
	}
	return types.JobSpec{
		Executor: "wasm/1", Program: blob, Class: "cpu-small", Tasks: 1,
		Inputs:        []types.Input{{Path: "prompt.txt", Blob: blob}, {Path: "models/tiny.bin", Blob: blob}},
		Args:          []string{"--tokens", "8"},
		Resources:     types.Resources{Fuel: 1_000, MemoryBytes: 1 << 20, OutputBytes: 1 << 20},
		Policy:        types.Policy{Kind: types.POLICY_KIND_QUORUM, Replicas: 3},
		Reward:        sdk.NewInt64Coin(types.DefaultDenom, 1_000_000_000_000_000),
		PrepareBlocks: 20, CommitBlocks: 60, LifetimeBlocks: 400,
		Sink: "http://127.0.0.1:8080/v1/drops/07",
	}
}

func TestAGoodSpecPasses(t *testing.T) {
	s := goodSpec()
	require.NoError(t, s.Validate())
	denom, err := s.CheckParams(types.DefaultParams())
	require.NoError(t, err)
	require.Equal(t, types.DefaultDenom, denom.Denom)
}

func TestSpecsAreRefusedByField(t *testing.T) {
	long := strings.Repeat("a", 300)
	invalid, reward := types.ErrInvalidSpec, types.ErrInvalidReward
	for name, c := range map[string]struct {
		change func(*types.JobSpec)
		want   error
		says   string
	}{
		"over 4 KiB":                {func(s *types.JobSpec) { s.Args = fill(20, 300) }, types.ErrSpecTooLarge, "expected at most 4096 bytes"},
		"no executor":               {func(s *types.JobSpec) { s.Executor = "" }, invalid, "wasm/1"},
		"executor without version":  {func(s *types.JobSpec) { s.Executor = "wasm" }, invalid, "executor"},
		"executor with a newline":   {func(s *types.JobSpec) { s.Executor = "wasm/1\n" }, invalid, "executor"},
		"no class":                  {func(s *types.JobSpec) { s.Class = "" }, invalid, "class"},
		"class in capitals":         {func(s *types.JobSpec) { s.Class = "CPU" }, invalid, "class"},
		"missing digest":            {func(s *types.JobSpec) { s.Program.Sha256 = nil }, invalid, "program: expected a sha256 digest of 32 bytes, found 0"},
		"short digest":              {func(s *types.JobSpec) { s.Inputs[0].Blob.Sha256 = []byte{1} }, invalid, "input prompt.txt: expected a sha256"},
		"no uri":                    {func(s *types.JobSpec) { s.Program.Uris = nil }, invalid, "expected 1 to 4 uris"},
		"five uris":                 {func(s *types.JobSpec) { s.Program.Uris = make([]string, 5) }, invalid, "expected 1 to 4 uris, found 5"},
		"uri of a file":             {func(s *types.JobSpec) { s.Program.Uris = []string{"file:///etc/passwd"} }, invalid, "http or https"},
		"uri without host":          {func(s *types.JobSpec) { s.Program.Uris = []string{"http:///x"} }, invalid, "http or https"},
		"uri with a password":       {func(s *types.JobSpec) { s.Program.Uris = []string{"http://a:b@c/"} }, invalid, "without credentials"},
		"uri too long":              {func(s *types.JobSpec) { s.Program.Uris = []string{"http://a/" + long} }, invalid, "expected at most 256 bytes"},
		"program too big":           {func(s *types.JobSpec) { s.Program.Size_ = 1<<40 + 1 }, invalid, "program: expected at most"},
		"17 inputs":                 {func(s *types.JobSpec) { s.Inputs = make([]types.Input, 17) }, invalid, "expected at most 16, found 17"},
		"rooted input":              {func(s *types.JobSpec) { s.Inputs[0].Path = "/etc/passwd" }, invalid, "input 1: expected a relative path"},
		"escaping input":            {func(s *types.JobSpec) { s.Inputs[0].Path = "../x" }, invalid, "without \"..\""},
		"input that climbs":         {func(s *types.JobSpec) { s.Inputs[0].Path = "a/../../x" }, invalid, "input 1"},
		"input without name":        {func(s *types.JobSpec) { s.Inputs[0].Path = "" }, invalid, "input 1"},
		"input named dot":           {func(s *types.JobSpec) { s.Inputs[0].Path = "." }, invalid, "input 1"},
		"input with a dot in it":    {func(s *types.JobSpec) { s.Inputs[0].Path = "a/./b" }, invalid, "input 1"},
		"input with a backslash":    {func(s *types.JobSpec) { s.Inputs[0].Path = `a\b` }, invalid, "input 1"},
		"input twice":               {func(s *types.JobSpec) { s.Inputs[1].Path = s.Inputs[0].Path }, invalid, "named twice"},
		"input below a file":        {func(s *types.JobSpec) { s.Inputs[0].Path = "models" }, invalid, "lies below it"},
		"input over one below it":   {func(s *types.JobSpec) { s.Inputs[0].Path, s.Inputs[1].Path = "a/b/c", "a" }, invalid, "lies below it"},
		"65 args":                   {func(s *types.JobSpec) { s.Args = fill(65, 1) }, invalid, "args: expected at most 64"},
		"arg too long":              {func(s *types.JobSpec) { s.Args = fill(1, 513) }, invalid, "arg 1"},
		"arg with a zero byte":      {func(s *types.JobSpec) { s.Args = []string{"a\x00b"} }, invalid, "without zero bytes"},
		"arg that is not UTF-8":     {func(s *types.JobSpec) { s.Args = []string{"\xff"} }, invalid, "UTF-8"},
		"65 variables":              {func(s *types.JobSpec) { s.Env = variables(65) }, invalid, "env: expected at most 64 variables, found 65"},
		"variable without name":     {func(s *types.JobSpec) { s.Env = []types.Variable{{Value: "x"}} }, invalid, "env 1: expected a name"},
		"variable like a number":    {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "1A"}} }, invalid, "env 1: expected a name"},
		"variable with a sum":       {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "A=B"}} }, invalid, "env 1: expected a name"},
		"variable with a newline":   {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "A\n"}} }, invalid, "env 1: expected a name"},
		"variable in other letters": {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "Ä"}} }, invalid, "env 1: expected a name"},
		"variable with a long name": {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: long[:65]}} }, invalid, "at most 64 bytes"},
		"variable twice":            {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "A"}, {Name: "B"}, {Name: "A"}} }, invalid, "env 3: A is set twice"},
		"variable too long":         {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "A", Value: long + long}} }, invalid, "env A: expected at most 512 bytes"},
		"variable with a zero byte": {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "A", Value: "a\x00b"}} }, invalid, "env A: expected"},
		"variable not in UTF-8":     {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "A", Value: "\xff"}} }, invalid, "env A: expected"},
		"working folder":            {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "PWD", Value: "/tmp"}} }, invalid, "PWD is set by the profile wasm/1"},
		"temporary folder":          {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "TMPDIR"}} }, invalid, "TMPDIR is set by the profile"},
		"home":                      {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "HOME"}} }, invalid, "HOME is set by the profile"},
		"variables over 4 KiB":      {func(s *types.JobSpec) { s.Env = []types.Variable{{Name: "A", Value: strings.Repeat("a", 5000)}} }, types.ErrSpecTooLarge, "expected at most 4096 bytes"},
		"no fuel":                   {func(s *types.JobSpec) { s.Resources.Fuel = 0 }, invalid, "fuel: expected 1 to"},
		"endless fuel":              {func(s *types.JobSpec) { s.Resources.Fuel = 1<<50 + 1 }, invalid, "fuel"},
		"no memory":                 {func(s *types.JobSpec) { s.Resources.MemoryBytes = 0 }, invalid, "memory_bytes"},
		"endless output":            {func(s *types.JobSpec) { s.Resources.OutputBytes = 1 << 63 }, invalid, "output_bytes"},
		"endless tensors":           {func(s *types.JobSpec) { s.Executor, s.Resources.DeviceBytes = "tensor/1", 1<<40+1 }, invalid, "device_bytes: expected at most"},
		"tensors without a device":  {func(s *types.JobSpec) { s.Resources.DeviceBytes = 1 }, invalid, "device_bytes: the profile wasm/1 takes at most 0, found 1"},
		"short seed":                {func(s *types.JobSpec) { s.Seed = []byte{1} }, invalid, "seed: expected none or 32 bytes, found 1"},
		"no policy":                 {func(s *types.JobSpec) { s.Policy = types.Policy{} }, types.ErrUnsupported, "policy"},
		"policy to come":            {func(s *types.JobSpec) { s.Policy.Kind = 99 }, types.ErrUnsupported, "policy"},
		"one replica":               {func(s *types.JobSpec) { s.Policy.Replicas = 1 }, invalid, "odd number from 3"},
		"even replicas":             {func(s *types.JobSpec) { s.Policy.Replicas = 4 }, invalid, "odd number from 3"},
		"65 replicas":               {func(s *types.JobSpec) { s.Policy.Replicas = 65 }, invalid, "odd number from 3 to 64"},
		"no reward":                 {func(s *types.JobSpec) { s.Reward = sdk.Coin{} }, reward, "above 0"},
		"reward without amount":     {func(s *types.JobSpec) { s.Reward = sdk.Coin{Denom: "atfuel"} }, reward, "above 0"},
		"zero reward":               {func(s *types.JobSpec) { s.Reward.Amount = math.ZeroInt() }, reward, "above 0"},
		"negative reward":           {func(s *types.JobSpec) { s.Reward.Amount = math.NewInt(-1) }, reward, "above 0"},
		"huge reward":               {func(s *types.JobSpec) { s.Reward.Amount = math.NewIntWithDecimal(1, 70) }, reward, "at most"},
		"reward in no denom":        {func(s *types.JobSpec) { s.Reward.Denom = "!" }, reward, "invalid denom"},
		"no task":                   {func(s *types.JobSpec) { s.Tasks = 0 }, invalid, "tasks: expected 1 to 1000000, found 0"},
		"over a million tasks":      {func(s *types.JobSpec) { s.Tasks = 1_000_001 }, invalid, "tasks: expected 1 to 1000000"},
		"no prepare window":         {func(s *types.JobSpec) { s.PrepareBlocks = 0 }, invalid, "prepare_blocks"},
		"commit before prepare":     {func(s *types.JobSpec) { s.CommitBlocks = s.PrepareBlocks }, invalid, "expected commit_blocks above"},
		"expired when posted":       {func(s *types.JobSpec) { s.LifetimeBlocks = 0 }, invalid, "lifetime_blocks"},
		"no sink":                   {func(s *types.JobSpec) { s.Sink = "" }, invalid, "sink"},
		"sink that is no http":      {func(s *types.JobSpec) { s.Sink = "ftp://x/y" }, invalid, "sink"},
		"sink too long":             {func(s *types.JobSpec) { s.Sink = "http://x/" + long }, invalid, "sink: expected at most 256"},
		"sink with a control byte":  {func(s *types.JobSpec) { s.Sink = "http://x/\n" }, invalid, "sink"},
		"sink that does not decode": {func(s *types.JobSpec) { s.Sink = "http://x/%zz" }, invalid, "sink"},
	} {
		t.Run(name, func(t *testing.T) {
			s := goodSpec()
			c.change(&s)
			err := s.Validate()
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
			require.Less(t, len(err.Error()), 800, "an error does not carry all that was sent")
		})
	}
}

// variables returns n variables of different names.
func variables(n int) []types.Variable {
	out := make([]types.Variable, n)
	for i := range out {
		out[i] = types.Variable{Name: fmt.Sprintf("V%d", i), Value: "{task} = \"a\"\n"}
	}
	return out
}

func TestASpecMaySetTheEnvironment(t *testing.T) {
	s := goodSpec()
	before, err := types.SpecDigest(&s)
	require.NoError(t, err)
	s.Env = variables(64)
	require.NoError(t, s.Validate())
	s.Env = append(variables(3), types.Variable{Name: "_", Value: ""}, types.Variable{Name: strings.Repeat("a", 64), Value: strings.Repeat("ä", 256)})
	require.NoError(t, s.Validate())
	after, err := types.SpecDigest(&s)
	require.NoError(t, err)
	require.NotEqual(t, before, after, "the digest of a spec covers it")
	s.Executor = "other/1"
	s.Env = []types.Variable{{Name: "PWD", Value: "/"}}
	require.NoError(t, s.Validate(), "another profile may leave it free")
}

// fill returns n different arguments of the given length.
func fill(n, size int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%0*d", size, i)
	}
	return out
}

func TestParamsRefuseSpecsTheyDoNotAllow(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*types.JobSpec, *types.Params)
		want   error
		says   string
	}{
		"executor":           {func(s *types.JobSpec, _ *types.Params) { s.Executor = "wasm/2" }, types.ErrUnsupported, "expected one of wasm/1, tensor/1, container/1, found wasm/2"},
		"tasks":              {func(s *types.JobSpec, p *types.Params) { s.Tasks, p.MaxTasks = 11, 10 }, types.ErrInvalidSpec, "tasks: expected at most 10, found 11"},
		"replicas":           {func(s *types.JobSpec, _ *types.Params) { s.Policy.Replicas = 17 }, types.ErrInvalidSpec, "expected at most 15 replicas"},
		"denom":              {func(s *types.JobSpec, _ *types.Params) { s.Reward.Denom = "uother" }, types.ErrInvalidReward, "denom uother is not accepted"},
		"small reward":       {func(s *types.JobSpec, _ *types.Params) { s.Reward.Amount = math.NewInt(1) }, types.ErrInvalidReward, "expected at least 1000000000000000atfuel per replica"},
		"no time to prepare": {func(s *types.JobSpec, _ *types.Params) { s.PrepareBlocks = 9 }, types.ErrInvalidSpec, "prepare_blocks: expected at least 10"},
		"no time to commit":  {func(s *types.JobSpec, _ *types.Params) { s.CommitBlocks = 39 }, types.ErrInvalidSpec, "commit_blocks: expected at least 40"},
		"commit window":      {func(s *types.JobSpec, _ *types.Params) { s.CommitBlocks = 57_601 }, types.ErrInvalidSpec, "commit_blocks: expected at most 57600"},
		"lifetime":           {func(s *types.JobSpec, _ *types.Params) { s.LifetimeBlocks = 403_201 }, types.ErrInvalidSpec, "lifetime_blocks: expected at most 403200"},
		"huge worth": {func(s *types.JobSpec, p *types.Params) {
			s.Reward.Amount = math.NewIntWithDecimal(1, 36)
			p.Denoms[0].BondNumerator = 1<<64 - 1
		}, types.ErrInvalidReward, "worth"},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := goodSpec(), types.DefaultParams()
			c.change(&s, &p)
			_, err := s.CheckParams(p)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// For all bytes that arrive as a spec, checking the spec and pricing a valid one does not
// panic.
func FuzzJobSpec(f *testing.F) {
	s := goodSpec()
	good, err := s.Marshal()
	require.NoError(f, err)
	s.Reward.Amount = math.NewIntWithDecimal(1, 36)
	dear, err := s.Marshal()
	require.NoError(f, err)
	f.Add(good)
	f.Add(dear)
	f.Add([]byte{})
	f.Add([]byte{0x4a, 0x00})
	p := types.DefaultParams()
	f.Fuzz(func(t *testing.T, b []byte) {
		var s types.JobSpec
		if s.Unmarshal(b) != nil || s.Validate() != nil {
			return
		}
		denom, err := s.CheckParams(p)
		if err != nil {
			return
		}
		value := denom.BondValue(s.Reward.Amount)
		policy, slashed := p.Effective(&s)
		seat := p.SeatFee(s.Reward.Amount, value, p.Liability(value, policy, slashed, s.PerChunk()), s.PerChunk())
		if !seat.IsPositive() || seat.GT(s.Reward.Amount) {
			t.Fatalf("a seat of %s costs %s when it is drawn in vain", s.Reward, seat)
		}
		reserve := types.Reserve(s.Reward.Amount, policy, seat).Mul(math.NewIntFromUint64(s.Tasks))
		if !reserve.IsPositive() || slashed && p.Liability(value, policy, slashed, s.PerChunk()).LT(value.MulRaw(int64(s.PerChunk()))) {
			t.Fatalf("%s is reserved as nothing or locks less than it is worth", s.Reward)
		}
	})
}
