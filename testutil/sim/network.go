package sim

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	epochstypes "github.com/cosmos/cosmos-sdk/x/epochs/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/x/beacon/bls"
	beacontypes "github.com/thetaedge/theta/x/beacon/types"
	computesim "github.com/thetaedge/theta/x/compute/simulation"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
	tallytypes "github.com/thetaedge/theta/x/tally/types"
)

const (
	// accounts is the number of accounts, and people is the number of those that spend and
	// delegate at random.
	accounts, people = 80, 20
	// balance is what each account has, and power is the validator's bond, in whole tfuel.
	// The bond exceeds the coins of all people together.
	balance, power = 1_000_000, 100_000_000
	// beaconSecret is the scalar of the simulated beacon.
	beaconSecret = "0000000000000000000000000000000000000000000000000000000000000051"
)

// deposit is what a proposal needs to be voted on.
func deposit() sdk.Coin { return params.TfuelCoin(10) }

// network is the genesis of a simulation and the key of its beacon.
type network struct{ key bls.SecretKey }

func newNetwork(t testing.TB) network {
	t.Helper()
	key, err := bls.ParseSecretKey(beaconSecret)
	require.NoError(t, err)
	return network{key: key}
}

// consensusKey returns the key of the validator that an account may become.
func consensusKey(a apptest.Account) cryptotypes.PrivKey {
	return ed25519.GenPrivKeyFromSecret([]byte(fmt.Sprintf("consensus of %s", a)))
}

// options returns options for the chain that the seed draws. Windows are a few blocks long,
// so that jobs, leases, jail terms and unbondings end within a run of some hundred blocks.
func (n network) options(seed int64) []apptest.Option {
	r := rand.New(rand.NewSource(seed))
	return []apptest.Option{
		apptest.WithAccounts(accounts, params.TfuelCoin(balance), sdk.NewCoin(computesim.SecondDenom, params.Tfuel(balance))),
		apptest.WithValidatorPower(power),
		apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
			n.beacon(cdc, genesis)
			edgenode(r, cdc, genesis)
			compute(r, cdc, genesis)
			adjust(cdc, genesis, rewardstypes.ModuleName, func(state *rewardstypes.GenesisState) {
				state.Params.FoldBlocks = 1 + uint64(r.Intn(20))
				state.Params.GrantHoldEpochs = 1 + uint64(r.Intn(3))
			})
			adjust(cdc, genesis, epochstypes.ModuleName, func(state *epochstypes.GenesisState) {
				for i := range state.Epochs {
					if state.Epochs[i].Identifier == app.EdgeEpoch {
						state.Epochs[i].Duration = time.Duration(10+r.Intn(15)) * time.Second
					}
				}
			})
			adjust(cdc, genesis, govtypes.ModuleName, func(state *govv1.GenesisState) {
				voting, hasty := 30*time.Second, 15*time.Second
				state.Params.VotingPeriod, state.Params.ExpeditedVotingPeriod = &voting, &hasty
				state.Params.MinDeposit = sdk.NewCoins(deposit())
				state.Params.ExpeditedMinDeposit = sdk.NewCoins(params.TfuelCoin(50))
			})
			adjust(cdc, genesis, tallytypes.ModuleName, func(state *tallytypes.GenesisState) {
				for i := range 3 {
					state.Params.OptimisticProposers = append(state.Params.OptimisticProposers, apptest.Named(i).String())
				}
			})
		}),
	}
}

// state is the genesis of a module.
type state[T any] interface {
	*T
	proto.Message
}

func adjust[T any, P state[T]](
	cdc codec.Codec, genesis map[string]json.RawMessage, module string, change func(P),
) {
	found := P(new(T))
	cdc.MustUnmarshalJSON(genesis[module], found)
	change(found)
	genesis[module] = cdc.MustMarshalJSON(found)
}

func (n network) beacon(cdc codec.Codec, genesis map[string]json.RawMessage) {
	adjust(cdc, genesis, beacontypes.ModuleName, func(state *beacontypes.GenesisState) {
		state.Params.PublicKey = n.key.Public().String()
		state.Params.GenesisTime = apptest.GenesisTime().Unix() - 60
		state.Params.RetentionRounds, state.Params.RetentionBlocks = 100, 100
	})
}

func edgenode(r *rand.Rand, cdc codec.Codec, genesis map[string]json.RawMessage) {
	adjust(cdc, genesis, edgenodetypes.ModuleName, func(state *edgenodetypes.GenesisState) {
		state.Params.LeaseBlocks = between(r, 25, 60)
		state.Params.HoldBlocks = between(r, 1, 10)
		state.Params.UnbondingBlocks = between(r, 20, 60)
		state.Params.QueueLimit = uint32(between(r, 3, 30))
		state.Params.Jail = edgenodetypes.JailRules{
			FaultsToJail: 4, FaultWindow: between(r, 20, 80), MissedPoints: 1, WrongPoints: 4, SilentPoints: 2,
			JailBlocks: between(r, 3, 12), MaxJailBlocks: 40, CleanBlocks: between(r, 20, 100),
		}
		state.Params.MaxYields, state.Params.YieldWindow = 1, 40
	})
}

func compute(r *rand.Rand, cdc codec.Codec, genesis map[string]json.RawMessage) {
	adjust(cdc, genesis, computetypes.ModuleName, func(state *computetypes.GenesisState) {
		p := &state.Params
		state.CarbonFactors = computesim.CarbonFactors(r)
		// One profile that is deterministic by construction, and one that is not.
		p.Executors = append(p.Executors, "container/1")
		p.Denoms = computesim.WithSecondDenom(r, p.Denoms, 0)
		p.MaxOpenTasks = uint32(between(r, 4, 40))
		p.MinPrepareBlocks, p.MinCommitBlocks = 3, 8
		p.ClaimBlocks, p.RevealBlocks = between(r, 2, 5), between(r, 8, 16)
		p.MaxDraws, p.MaxWaitBlocks = 3, between(r, 20, 50)
		p.SeedTimeoutBlocks = between(r, 20, 40)
		p.InputReports = uint32(between(r, 1, 3))
		p.QueueLimit = uint32(between(r, 5, 50))
		p.RetentionBlocks, p.ReceiptRetentionBlocks = between(r, 20, 40), between(r, 20, 60)
	})
}

// between returns a random number from low to high, inclusive.
func between(r *rand.Rand, low, high int) uint64 { return uint64(low + r.Intn(high-low+1)) }
