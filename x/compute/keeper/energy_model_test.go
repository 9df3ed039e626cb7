package keeper_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// energyModel adds up, from the receipts that events contain, what nodes have claimed. It is
// written without the code that it checks.
type energyModel struct {
	sums map[sumOf]map[types.EnergyMeter]types.EnergyPart
	// rounds contains the rounds of the chunks that were open after the last block.
	rounds map[string][]types.Round
}

// sumOf names a sum.
type sumOf struct {
	class, region string
	epoch         uint64
}

func newEnergyModel() *energyModel {
	return &energyModel{sums: map[sumOf]map[types.EnergyMeter]types.EnergyPart{}, rounds: map[string][]types.Round{}}
}

// end counts the chunks that have ended in a block, after the block's end.
func (m *energyModel) end(f *fixture) {
	f.t.Helper()
	epoch, err := f.nodes.Epoch(f.ctx)
	require.NoError(f.t, err)
	state, err := f.keeper.ExportGenesis(f.ctx)
	require.NoError(f.t, err)
	own := map[string]bool{}
	for _, factor := range state.CarbonFactors {
		own[factor.Region] = true
	}
	for _, ended := range changes[*types.ChunkChange_Ended](f) {
		r := *ended.Ended
		job := f.job(r.JobId)
		for _, e := range m.executions(&job, r) {
			region := ""
			if node, err := f.nodes.Node(f.ctx, sdk.MustAccAddressFromBech32(e.operator)); err == nil {
				region = node.Profile.Region
			}
			if !own[region] {
				region = region[:min(2, len(region))]
			}
			m.add(sumOf{job.Class, region, epoch}, modelPart(e.metrics, e.tasks, uint64(r.Height-job.PostedHeight)+1))
		}
	}
	clear(m.rounds)
	for _, chunk := range state.Chunks {
		m.rounds[chunkKey(chunk.JobId, chunk.Index)] = chunk.Rounds
	}
}

// execution is what the receipt of a chunk tells about a node that has revealed a result.
type execution struct {
	operator string
	metrics  types.Metrics
	tasks    uint64
}

func (m *energyModel) executions(job *types.Job, r types.Receipt) []execution {
	seated := slices.DeleteFunc(slices.Clone(r.Outcomes), func(o types.Outcome) bool {
		return o.Status == types.ASSIGNMENT_STATUS_RELEASED || o.Status == types.ASSIGNMENT_STATUS_MISSED || o.Status == types.ASSIGNMENT_STATUS_YIELDED
	})
	seats := map[uint32]int{}
	for _, o := range seated {
		seats[o.Round]++
	}
	var out []execution
	nth := map[uint32]int{}
	for _, o := range seated {
		nth[o.Round]++
		if len(o.Tag) > 0 {
			out = append(out, execution{o.Operator, o.Metrics, m.tasks(job, r, o.Round, nth[o.Round], seats[o.Round])})
		}
	}
	return out
}

// tasks returns how many tasks the n-th of the nodes of a round has executed.
func (m *energyModel) tasks(job *types.Job, r types.Receipt, round uint32, n, nodes int) uint64 {
	if r.Count == 1 || job.Challenged.Whole() {
		return r.Count
	}
	rounds := m.rounds[chunkKey(r.JobId, r.Task)]
	auditors := 0
	if round == 0 && len(rounds) > 0 {
		auditors = int(rounds[0].Auditors)
	}
	if round == 0 && n <= nodes-auditors {
		return r.Count
	}
	return uint64(max(1, len(rounds[round].Samples)))
}

func modelPart(m types.Metrics, tasks, blocks uint64) types.EnergyPart {
	part := types.EnergyPart{Executions: 1, Tasks: tasks, DeviceMs: m.WallMs}
	if m.EnergySource == "rapl" {
		part.Meter, part.EnergyMj = types.ENERGY_METER_CPU, m.EnergyMj
	}
	if part.DeviceMs > blocks*10_000 || part.EnergyMj/20_000 > part.DeviceMs+1 || part.EnergyMj > (part.DeviceMs+1)*20_000 {
		return types.EnergyPart{Meter: types.ENERGY_METER_IMPLAUSIBLE, Executions: 1, Tasks: tasks}
	}
	return part
}

func (m *energyModel) add(key sumOf, part types.EnergyPart) {
	if m.sums[key] == nil {
		m.sums[key] = map[types.EnergyMeter]types.EnergyPart{}
	}
	sum := m.sums[key][part.Meter]
	m.sums[key][part.Meter] = types.EnergyPart{
		Meter: part.Meter, Executions: sum.Executions + part.Executions, Tasks: sum.Tasks + part.Tasks,
		DeviceMs: sum.DeviceMs + part.DeviceMs, EnergyMj: sum.EnergyMj + part.EnergyMj,
	}
}

// check compares the sums of a class with the model's.
func (m *energyModel) check(f *fixture) {
	f.t.Helper()
	stored := map[sumOf]map[types.EnergyMeter]types.EnergyPart{}
	for _, report := range f.energy() {
		parts := map[types.EnergyMeter]types.EnergyPart{}
		for _, part := range report.Sum.Parts {
			parts[part.Meter] = part
		}
		stored[sumOf{report.Sum.Class, report.Sum.Region, report.Sum.Epoch}] = parts
	}
	require.Equal(f.t, m.sums, stored, "energy by class, region, epoch and meter")
}
