package types_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestDefaultsAreValid(t *testing.T) {
	require.NoError(t, types.DefaultParams().Validate())
	require.NoError(t, types.DefaultGenesis().Validate())
}

func TestParamsAreRefusedOutsideOfTheirBounds(t *testing.T) {
	huge := math.NewIntWithDecimal(1, 40)
	for name, c := range map[string]struct {
		change func(*types.Params)
		says   string
	}{
		"no executors":             {func(p *types.Params) { p.Executors = nil }, "executors: expected 1 to 32"},
		"33 executors":             {func(p *types.Params) { p.Executors = make([]string, 33) }, "executors: expected 1 to 32"},
		"executor of no form":      {func(p *types.Params) { p.Executors = []string{"Wasm"} }, "executors: expected profiles"},
		"no denoms":                {func(p *types.Params) { p.Denoms = nil }, "denoms: expected 1 to 64"},
		"65 denoms":                {func(p *types.Params) { p.Denoms = make([]types.PaymentDenom, 65) }, "denoms: expected 1 to 64"},
		"denom of no form":         {func(p *types.Params) { p.Denoms[0].Denom = "!" }, "denoms: invalid denom"},
		"denom twice":              {func(p *types.Params) { p.Denoms = append(p.Denoms, p.Denoms[0]) }, "named twice"},
		"min reward missing":       {func(p *types.Params) { p.Denoms[0].MinReward = math.Int{} }, "min_reward"},
		"min reward of zero":       {func(p *types.Params) { p.Denoms[0].MinReward = math.ZeroInt() }, "min_reward"},
		"worth nothing":            {func(p *types.Params) { p.Denoms[0].BondNumerator = 0 }, "value of atfuel"},
		"worth divided by zero":    {func(p *types.Params) { p.Denoms[0].BondDenominator = 0 }, "value of atfuel"},
		"posting fee missing":      {func(p *types.Params) { p.PostingFeePerByte = math.Int{} }, "posting_fee_per_byte"},
		"negative posting fee":     {func(p *types.Params) { p.PostingFeePerByte = math.NewInt(-1) }, "posting_fee_per_byte"},
		"huge posting fee":         {func(p *types.Params) { p.PostingFeePerByte = huge }, "posting_fee_per_byte"},
		"min liability missing":    {func(p *types.Params) { p.MinLiability = math.Int{} }, "min_liability"},
		"min liability of zero":    {func(p *types.Params) { p.MinLiability = math.ZeroInt() }, "min_liability"},
		"huge min liability":       {func(p *types.Params) { p.MinLiability = huge }, "min_liability"},
		"two replicas":             {func(p *types.Params) { p.MaxReplicas = 2 }, "max_replicas"},
		"no auditors":              {func(p *types.Params) { p.MaxAuditors = 0 }, "max_auditors"},
		"too many auditors":        {func(p *types.Params) { p.MaxAuditors = 50 }, "at most 64 with max_replicas"},
		"endless auditors":         {func(p *types.Params) { p.MaxAuditors = 1<<32 - 1 }, "max_auditors"},
		"unknown deterministic":    {func(p *types.Params) { p.DeterministicExecutors = []string{"wasm/9"} }, "deterministic_executors: expected each of executors"},
		"deterministic twice":      {func(p *types.Params) { p.DeterministicExecutors = []string{"wasm/1", "wasm/1"} }, "deterministic_executors"},
		"short program":            {func(p *types.Params) { p.DeterministicPrograms = [][]byte{{1}} }, "deterministic_programs: expected digests of 32"},
		"program twice":            {func(p *types.Params) { p.DeterministicPrograms = [][]byte{make([]byte, 32), make([]byte, 32)} }, "named twice"},
		"257 programs":             {func(p *types.Params) { p.DeterministicPrograms = make([][]byte, 257) }, "deterministic_programs: expected at most 256"},
		"floor over a whole":       {func(p *types.Params) { p.AuditFloorBps = 10_001 }, "audit_floor_bps"},
		"nobody honest":            {func(p *types.Params) { p.HonestBps = 0 }, "honest_bps"},
		"honest over a whole":      {func(p *types.Params) { p.HonestBps = 10_001 }, "honest_bps"},
		"no review":                {func(p *types.Params) { p.MaxReviewBlocks = 0 }, "max_review_blocks"},
		"endless review":           {func(p *types.Params) { p.MaxReviewBlocks = 1 << 62 }, "max_review_blocks"},
		"no tasks":                 {func(p *types.Params) { p.MaxTasks = 0 }, "max_tasks"},
		"endless tasks":            {func(p *types.Params) { p.MaxTasks = 1_000_001 }, "max_tasks"},
		"no open tasks":            {func(p *types.Params) { p.MaxOpenTasks = 0 }, "max_open_tasks"},
		"endless open tasks":       {func(p *types.Params) { p.MaxOpenTasks = 100_001 }, "max_open_tasks"},
		"endless region draws":     {func(p *types.Params) { p.RegionDraws = 101 }, "region_draws"},
		"price that never moves":   {func(p *types.Params) { p.PriceWeightBps = 0 }, "price_weight_bps"},
		"price over a whole":       {func(p *types.Params) { p.PriceWeightBps = 10_001 }, "price_weight_bps"},
		"65 replicas":              {func(p *types.Params) { p.MaxReplicas = 65 }, "max_replicas"},
		"no further round":         {func(p *types.Params) { p.Escalation = nil }, "escalation: expected 1 to 4"},
		"five further rounds":      {func(p *types.Params) { p.Escalation = []uint32{9, 9, 9, 9, 9} }, "escalation: expected 1 to 4"},
		"a further round of none":  {func(p *types.Params) { p.Escalation = []uint32{7, 0} }, "rounds of 1 to 64"},
		"a further round too big":  {func(p *types.Params) { p.Escalation = []uint32{65} }, "rounds of 1 to 64"},
		"a round nobody can pay":   {func(p *types.Params) { p.Escalation = []uint32{1, 15} }, "escalation"},
		"spare nodes":              {func(p *types.Params) { p.SpareNodes = 1_001 }, "spare_nodes"},
		"no sortition factor":      {func(p *types.Params) { p.SortitionFactor = 0 }, "sortition_factor"},
		"large sortition factor":   {func(p *types.Params) { p.SortitionFactor = 1_001 }, "sortition_factor"},
		"no claim window":          {func(p *types.Params) { p.ClaimBlocks = 0 }, "claim_blocks"},
		"endless claim window":     {func(p *types.Params) { p.ClaimBlocks = 1 << 63 }, "claim_blocks"},
		"no draws":                 {func(p *types.Params) { p.MaxDraws = 0 }, "max_draws"},
		"endless draws":            {func(p *types.Params) { p.MaxDraws = 101 }, "max_draws"},
		"no reveal window":         {func(p *types.Params) { p.RevealBlocks = 0 }, "reveal_blocks"},
		"endless reveal window":    {func(p *types.Params) { p.RevealBlocks = 1 << 62 }, "reveal_blocks"},
		"no commit window":         {func(p *types.Params) { p.MaxCommitBlocks = 1 }, "max_commit_blocks"},
		"endless commit window":    {func(p *types.Params) { p.MaxCommitBlocks = 1 << 62 }, "max_commit_blocks"},
		"no lifetime":              {func(p *types.Params) { p.MaxLifetimeBlocks = 0 }, "max_lifetime_blocks"},
		"endless lifetime":         {func(p *types.Params) { p.MaxLifetimeBlocks = 1 << 62 }, "max_lifetime_blocks"},
		"no patience for a seed":   {func(p *types.Params) { p.SeedTimeoutBlocks = 9 }, "seed_timeout_blocks"},
		"endless wait for a seed":  {func(p *types.Params) { p.SeedTimeoutBlocks = 1 << 62 }, "seed_timeout_blocks"},
		"no input reports":         {func(p *types.Params) { p.InputReports = 0 }, "input_reports"},
		"more reports than leave":  {func(p *types.Params) { p.InputReports = types.MaxDepartures + 1 }, "input_reports"},
		"attempt fee over a whole": {func(p *types.Params) { p.AttemptFeeBps = 10_001 }, "attempt_fee_bps"},
		"fault over a whole":       {func(p *types.Params) { p.MissedFaultBps = 10_001 }, "missed_fault_bps"},
		"no queue":                 {func(p *types.Params) { p.QueueLimit = 0 }, "queue_limit"},
		"endless queue":            {func(p *types.Params) { p.QueueLimit = 100_001 }, "queue_limit"},
		"no batch":                 {func(p *types.Params) { p.MaxBatch = 0 }, "max_batch"},
		"endless batch":            {func(p *types.Params) { p.MaxBatch = 1_001 }, "max_batch"},
	} {
		t.Run(name, func(t *testing.T) {
			p := types.DefaultParams()
			c.change(&p)
			err := p.Validate()
			require.ErrorIs(t, err, types.ErrInvalidParams)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// goodGenesis is a valid state with one job under way.
func goodGenesis() types.GenesisState {
	s := goodSpec()
	g := *types.DefaultGenesis()
	g.Jobs = []types.Job{{
		Id: "7-0-0", Reward: s.Reward, Reserved: math.NewInt(3), Refunded: math.ZeroInt(),
		Liability: math.NewInt(7), BondValue: math.NewInt(1), TaskReserve: math.NewInt(3), Tasks: 1, ChunkTasks: 1, SeatFee: math.ZeroInt(),
	}}
	g.Specs = []types.JobSpec{s}
	g.Chunks = []types.Chunk{{JobId: "7-0-0", Count: 1, Rounds: []types.Round{{
		Target: 3, Reports: []types.InputReport{{Operator: "x", Pledged: math.OneInt()}},
	}}, Departed: []types.Outcome{{Operator: "x", Status: types.ASSIGNMENT_STATUS_RELEASED}}, DrawFees: math.ZeroInt(), Liability: math.NewInt(7)}}
	return g
}

func TestGenesisIsRefusedWhenItContradictsItself(t *testing.T) {
	require.NoError(t, goodGenesis().Validate())
	for name, change := range map[string]func(*types.GenesisState){
		"params":               func(g *types.GenesisState) { g.Params.MaxBatch = 0 },
		"job without spec":     func(g *types.GenesisState) { g.Specs = nil },
		"job id":               func(g *types.GenesisState) { g.Jobs[0].Id = "x" },
		"job twice":            func(g *types.GenesisState) { g.Jobs, g.Specs = append(g.Jobs, g.Jobs[0]), append(g.Specs, g.Specs[0]) },
		"reward missing":       func(g *types.GenesisState) { g.Jobs[0].Reward.Amount = math.Int{} },
		"reserved missing":     func(g *types.GenesisState) { g.Jobs[0].Reserved = math.Int{} },
		"task reserve missing": func(g *types.GenesisState) { g.Jobs[0].TaskReserve = math.Int{} },
		"negative reserved":    func(g *types.GenesisState) { g.Jobs[0].Reserved = math.NewInt(-1) },
		"refunded missing":     func(g *types.GenesisState) { g.Jobs[0].Refunded = math.Int{} },
		"liability missing":    func(g *types.GenesisState) { g.Jobs[0].Liability = math.Int{} },
		"seat fee missing":     func(g *types.GenesisState) { g.Jobs[0].SeatFee = math.Int{} },
		"lock missing": func(g *types.GenesisState) {
			g.Chunks[0].Rounds[0].Replicas = []types.Assignment{{Operator: "y"}}
		},
		"lock of a candidate": func(g *types.GenesisState) {
			g.Chunks[0].Rounds[0].Draw = &types.Draw{Candidates: []types.Assignment{{Operator: "y", Locked: math.NewInt(-1)}}}
		},
		"chunk's liability":    func(g *types.GenesisState) { g.Chunks[0].Liability = math.Int{} },
		"draw fees missing":    func(g *types.GenesisState) { g.Chunks[0].DrawFees = math.Int{} },
		"pledge missing":       func(g *types.GenesisState) { g.Chunks[0].Rounds[0].Reports[0].Pledged = math.Int{} },
		"report of who stays":  func(g *types.GenesisState) { g.Chunks[0].Departed = nil },
		"report of who missed": func(g *types.GenesisState) { g.Chunks[0].Departed[0].Status = types.ASSIGNMENT_STATUS_MISSED },
		"report of a judge":    func(g *types.GenesisState) { g.Chunks[0].Departed[0].Round = 1 },
		"report that is over":  func(g *types.GenesisState) { g.Chunks[0].Rounds = append(g.Chunks[0].Rounds, types.Round{}) },
		"bond value of zero":   func(g *types.GenesisState) { g.Jobs[0].BondValue = math.ZeroInt() },
		"task of no job":       func(g *types.GenesisState) { g.Chunks[0].JobId = "8-0-0" },
		"task of no round":     func(g *types.GenesisState) { g.Chunks[0].Rounds = nil },
	} {
		t.Run(name, func(t *testing.T) {
			g := goodGenesis()
			change(&g)
			require.Error(t, g.Validate())
		})
	}
}

func TestBatchesAreRefusedBeforeAnyItemIsRead(t *testing.T) {
	ref := func(n int) types.ChunkRef { return types.ChunkRef{JobId: fmt.Sprintf("7-0-%d", n)} }
	hash := bytes.Repeat([]byte{1}, types.HashSize)
	require.NoError(t, types.ValidateBatch([]types.ChunkRef{ref(0), ref(1), {JobId: "7-0-0", Task: 1}}, 3))
	require.NoError(t, types.ValidateBatch([]types.RevealItem{{Ref: ref(0), Tag: hash, Salt: hash}}, 1))
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"no items":           {types.ValidateBatch([]types.ChunkRef{}, 3), "expected 1 to 3 items, found 0"},
		"too many":           {types.ValidateBatch([]types.ChunkRef{ref(0), ref(1)}, 1), "expected 1 to 1 items, found 2"},
		"twice":              {types.ValidateBatch([]types.ChunkRef{ref(0), ref(0)}, 3), "item 1: task 0 of job 7-0-0 is named twice"},
		"twice by round":     {types.ValidateBatch([]types.ChunkRef{ref(0), {JobId: "7-0-0", Round: 1}}, 3), "named twice"},
		"job id":             {types.ValidateBatch([]types.ChunkRef{ref(0), {JobId: "x"}}, 3), "item 1: expected \"height-tx-n\""},
		"short commitment":   {types.ValidateBatch([]types.CommitItem{{Ref: ref(0), Commitment: hash[1:]}}, 3), "expected 32 bytes, found 31"},
		"no tag":             {types.ValidateBatch([]types.RevealItem{{Ref: ref(0), Salt: hash}}, 3), "tag: expected 32 bytes, found 0"},
		"short salt":         {types.ValidateBatch([]types.RevealItem{{Ref: ref(0), Tag: hash, Salt: hash[:15]}}, 3), "salt: expected 16 to 64 bytes, found 15"},
		"long salt":          {types.ValidateBatch([]types.RevealItem{{Ref: ref(0), Tag: hash, Salt: make([]byte, 65)}}, 3), "found 65"},
		"long device":        {types.ValidateBatch([]types.RevealItem{{Ref: ref(0), Tag: hash, Salt: hash, Metrics: types.Metrics{Device: fill(1, 65)[0]}}}, 3), "device: expected at most 64 bytes, found 65"},
		"device of bytes":    {types.ValidateBatch([]types.RevealItem{{Ref: ref(0), Tag: hash, Salt: hash, Metrics: types.Metrics{Device: "\xff"}}}, 3), "device: expected UTF-8"},
		"device with a bell": {types.ValidateBatch([]types.RevealItem{{Ref: ref(0), Tag: hash, Salt: hash, Metrics: types.Metrics{Device: "a\a"}}}, 3), "device: expected printable text, found U+0007"},
		"hidden source":      {types.ValidateBatch([]types.RevealItem{{Ref: ref(0), Tag: hash, Salt: hash, Metrics: types.Metrics{EnergySource: "\u202e"}}}, 3), "energy source: expected printable text"},
		"long digest":        {types.ValidateBatch([]types.OpenItem{{Ref: ref(0), Digest: append(hash, 1)}}, 3), "digest: expected 32 bytes, found 33"},
		"no trace":           {types.ValidateBatch([]types.OpenItem{{Ref: ref(0), Digest: hash}}, 3), "trace: expected 32 bytes, found 0"},
		"short own trace":    {types.ValidateBatch([]types.OpenItem{{Ref: ref(0), Digest: hash, Trace: hash, OwnTrace: hash[1:]}}, 3), "own_trace: expected 32 bytes, or none"},
		"review of no job":   {types.ValidateBatch([]types.ReviewItem{{}}, 3), "item 0"},
		"review twice":       {types.ValidateBatch([]types.ReviewItem{{JobId: "7-0-0"}, {JobId: "7-0-0", Accept: true}}, 3), "named twice"},
		"release of no job":  {types.ValidateBatch([]types.ReleaseItem{{}}, 3), "item 0"},
	} {
		require.ErrorIs(t, c.err, types.ErrInvalidBatch, name)
		require.ErrorContains(t, c.err, c.says, name)
	}
}
