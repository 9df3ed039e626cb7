package types_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/beacon/bls"
	"github.com/thetaedge/theta/x/beacon/types"
)

func TestParamsOutOfBoundsAreNamed(t *testing.T) {
	require.NoError(t, types.DefaultParams().Validate())
	tests := []struct {
		name  string
		spoil func(*types.Params)
	}{
		{"public_key", func(p *types.Params) { p.PublicKey = "" }},
		{"public_key", func(p *types.Params) { p.PublicKey = strings.ToUpper(p.PublicKey) }},
		{"public_key", func(p *types.Params) { p.PublicKey = "c0" + strings.Repeat("00", 95) }},
		{"public_key", func(p *types.Params) { p.PublicKey = "93" + p.PublicKey[2:] }},
		{"period_seconds", func(p *types.Params) { p.PeriodSeconds = 0 }},
		{"period_seconds", func(p *types.Params) { p.PeriodSeconds = 1 << 63 }},
		{"genesis_time", func(p *types.Params) { p.GenesisTime = -1 }},
		{"genesis_time", func(p *types.Params) { p.GenesisTime = 1 << 62 }},
		{"pairing_gas", func(p *types.Params) { p.PairingGas = 0 }},
		{"reimbursement", func(p *types.Params) { p.Reimbursement = math.Int{} }},
		{"reimbursement", func(p *types.Params) { p.Reimbursement = math.NewInt(-1) }},
		{"reimbursement", func(p *types.Params) { p.Reimbursement = math.NewIntWithDecimal(1, 60) }},
		{"reimburse_window_rounds", func(p *types.Params) { p.ReimburseWindowRounds = p.RetentionRounds + 1 }},
		{"retention_rounds", func(p *types.Params) { p.RetentionRounds, p.ReimburseWindowRounds = 0, 0 }},
		{"retention_rounds", func(p *types.Params) { p.RetentionRounds = 1 << 60 }},
		{"retention_blocks", func(p *types.Params) { p.RetentionBlocks = 0 }},
		{"prune_limit", func(p *types.Params) { p.PruneLimit = 0 }},
		{"prune_limit", func(p *types.Params) { p.PruneLimit = 1 << 30 }},
	}
	for _, tt := range tests {
		p := types.DefaultParams()
		tt.spoil(&p)
		err := p.Validate()
		require.ErrorIs(t, err, types.ErrInvalidParams, tt.name)
		require.ErrorContains(t, err, tt.name)
	}
}

func TestTheReimbursementIsAtMostThePairingGasAtTheMinimumPrice(t *testing.T) {
	p := types.DefaultParams()
	minimum := math.NewInt(1_000_000_000)
	require.True(t, p.Reimbursement.LTE(minimum.Mul(math.NewIntFromUint64(p.PairingGas))))
}

func TestGenesisThatContradictsItselfIsRefused(t *testing.T) {
	good := func() types.GenesisState {
		g := *types.DefaultGenesis()
		g.Schedules = []types.Schedule{g.Params.Schedule(1, 0)}
		signature := bytes.Repeat([]byte{1}, bls.SignatureSize)
		g.Pins = []types.HeightPin{{Height: 4, Schedule: 1, Round: 9}, {Height: 5, Schedule: 1, Round: 9}}
		g.Rounds = []types.Round{types.NewRound(1, 9, types.Proof{Signature: signature, Height: 6})}
		return g
	}
	require.NoError(t, good().Validate())
	require.NoError(t, types.DefaultGenesis().Validate())
	for name, spoil := range map[string]func(*types.GenesisState){
		"params":                   func(g *types.GenesisState) { g.Params.PairingGas = 0 },
		"schedule id":              func(g *types.GenesisState) { g.Schedules[0].Id = 2 },
		"schedule of another key":  func(g *types.GenesisState) { g.Schedules[0].PublicKey = bls.GenerateKey().Public().String() },
		"schedule before height 0": func(g *types.GenesisState) { g.Schedules[0].StartHeight = -1 },
		"pin order":                func(g *types.GenesisState) { g.Pins[1].Height = 4 },
		"pin of no schedule":       func(g *types.GenesisState) { g.Pins[0].Schedule = 2 },
		"pin of round 0":           func(g *types.GenesisState) { g.Pins[0].Round = 0 },
		"round twice":              func(g *types.GenesisState) { g.Rounds = append(g.Rounds, g.Rounds[0]) },
		"round of no schedule":     func(g *types.GenesisState) { g.Rounds[0].Schedule = 3 },
		"short signature":          func(g *types.GenesisState) { g.Rounds[0].Signature = g.Rounds[0].Signature[:47] },
		"another randomness":       func(g *types.GenesisState) { g.Rounds[0].Randomness = make([]byte, 32) },
	} {
		g := good()
		spoil(&g)
		require.Error(t, g.Validate(), name)
	}
}
