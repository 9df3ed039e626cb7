package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/x/compute/types"
)

func TestThreeEqualResultsArePaidAndTheRestStays(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.players(honest, honest, honest, honest), id, 20)

	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, job.DrawReserve(1).String(), job.Refunded.String(), "three replicas were reserved and paid, no seat was drawn in vain")
	receipt := f.receipt(id)
	require.Equal(t, types.CHUNK_STATUS_ACCEPTED, receipt.Status)
	require.Len(t, receipt.Outcomes, 3)
	require.Len(t, receipt.Tags, 1)
	paid := 0
	for n := range 4 {
		if earned := f.earned(n); !earned.Empty() {
			require.Equal(t, "880atfuel", earned.String(), "88% of the reward")
			paid++
		}
		require.Equal(t, "10000", f.bond(n).String())
	}
	require.Equal(t, 3, paid)
}

// seat posts jobs until the wanted node is drawn in the first round, and returns that job's
// id once it has ended.
func seat(f *fixture, players []player, want int) string {
	f.t.Helper()
	for range 20 {
		id := f.post(0, spec(coin(1_000), 3))
		f.play(players, id, 60)
		for _, o := range f.receipt(id).Outcomes {
			if o.Operator == operator(want).String() && o.Round == 0 {
				return id
			}
		}
	}
	require.Fail(f.t, "node was never drawn")
	return ""
}

func TestALoneLiarPaysForTheRoundItCauses(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	id := seat(f, f.players(liar, honest, honest, honest, honest, honest, honest), 0)

	job := f.job(id)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, "1500", job.Refunded.String(), "the liar's reward returns to the requester")
	outcomes := f.outcomes(id)
	lie := outcomes[operator(0).String()]
	require.Equal(t, types.ASSIGNMENT_STATUS_SLASHED, lie.Status)
	require.Equal(t, "3000", lie.Slashed.String(), "three judges at 1000 each are the highest of the floors")
	require.Equal(t, "7000", f.bond(0).String())
	judges := 0
	for op, o := range outcomes {
		if op == operator(0).String() {
			continue
		}
		require.Equal(t, types.ASSIGNMENT_STATUS_PAID, o.Status)
		if o.Round == 1 {
			judges++
			require.True(t, o.Paid.IsZero(), "judges are not paid from escrow")
			require.Equal(t, "1000", o.Share.String(), "but by the liar")
		} else {
			require.Equal(t, "1000", o.Paid.String())
		}
	}
	require.Equal(t, 3, judges)
	require.Len(t, f.receipt(id).Tags, 2, "the result's tag in each round")
}

func TestSilenceAfterCommittingCostsTheWholeLiability(t *testing.T) {
	for name, does := range map[string]behaviour{"never reveals": silent, "lies and never opens": closed} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.network(7)
			players := f.players(does, honest, honest, honest, honest, honest, honest)
			if does == closed {
				// A closed node that tells the truth is covered by the openings of others;
				// one that lies is not.
				players[0].does = closedLiar
			}
			id := seat(f, players, 0)
			require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
			require.Equal(t, types.ASSIGNMENT_STATUS_NO_REVEAL, f.outcomes(id)[operator(0).String()].Status)
			require.Equal(t, "7000", f.bond(0).String())
		})
	}
}

func TestAnHonestNodeThatDoesNotOpenIsCoveredByOthers(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	id := seat(f, f.players(liar, closed, closed, honest, honest, honest, honest), 0)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	for n := 1; n < 7; n++ {
		require.Equal(t, "10000", f.bond(n).String())
	}
}

func TestWhatWasNotOpenedInTimeStaysSilent(t *testing.T) {
	f := newFixture(t)
	f.network(11)
	players := f.players(liar, opensLast, opensLast, opensLast, opensLast, opensLast,
		opensLast, opensLast, opensLast, opensLast, opensLast)
	id := seat(f, players, 0)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	rounds := map[uint32]int{}
	for op, o := range f.outcomes(id) {
		rounds[o.Round]++
		switch {
		case o.Round == 2:
			require.Equal(t, types.ASSIGNMENT_STATUS_PAID, o.Status)
			require.True(t, o.Share.GTE(f.job(id).BondValue), "judges are paid in full by those who lost")
		case op != operator(0).String():
			require.Equal(t, types.ASSIGNMENT_STATUS_NO_REVEAL, o.Status, "an opening by others comes too late")
		}
	}
	require.Equal(t, map[uint32]int{0: 3, 1: 3, 2: 3}, rounds)
}

func TestAMissedDeadlineIsRedrawnAndCostsAFraction(t *testing.T) {
	f := newFixture(t)
	f.network(5)
	id := seat(f, f.players(stalls, honest, honest, honest, honest), 0)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	o := f.outcomes(id)[operator(0).String()]
	require.Equal(t, types.ASSIGNMENT_STATUS_MISSED, o.Status)
	require.Equal(t, "100", o.Slashed.String(), "a tenth of the reward")
	require.Equal(t, "9900", f.bond(0).String())
	require.Len(t, f.receipt(id).Outcomes, 4)
}

func TestAFirstRoundThatDisagreesNeverJudgesAlone(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.players(colluder, colluder, honest), id, 60)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	for n := range 3 {
		require.Equal(t, "10000", f.bond(n).String(), "two that collude cannot take the third's bond")
	}
}

func TestAVerdictWaitsUntilItIsKnownWhetherAnotherRoundFollows(t *testing.T) {
	f := newFixture(t)
	f.network(9)
	id, drawn := f.assigned(9)
	players := []player{{f: f, n: drawn[0], does: liar}, {f: f, n: drawn[1]}, {f: f, n: drawn[2]}}
	for _, p := range players {
		p.act() // commits
	}
	for _, p := range players[:2] {
		p.act() // reveals
	}
	f.registry.torn = true
	require.ErrorIs(t, f.unchanged(func() error { return f.reveal(drawn[2], ref(id, 0)) }), errTorn)
	f.registry.torn = false
	require.NoError(t, f.reveal(drawn[2], ref(id, 0)))
	require.Len(t, f.task(id).Rounds, 2, "judges come, as if nothing had been")
}

func TestAJuryThatIsKeptAwayJudgesNobody(t *testing.T) {
	f := newFixture(t)
	f.network(10)
	// Two nodes collude against an honest node in the first round; no other node comes.
	players := f.players(colluder, colluder, honest)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(players, id, 600)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	require.Equal(t, "3200", job.Refunded.String(), "all but three attempt fees")
	for n := range 10 {
		require.Equal(t, "10000", f.bond(n).String())
	}
}

func TestHalfAJuryIsEnough(t *testing.T) {
	f := newFixture(t)
	f.network(10)
	id := seat(f, f.players(liar, honest, honest, honest, honest), 0)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.job(id).Status)
	require.Equal(t, "7000", f.bond(0).String())
}

func TestThreeDifferentResultsFailAndNobodyLosesBond(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.players(liar, liar, honest), id, 60)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	require.Equal(t, "3200", job.Refunded.String(), "all but three attempt fees")
	for n := range 3 {
		require.Equal(t, "10000", f.bond(n).String())
		require.Equal(t, "88atfuel", f.earned(n).String())
	}
}

func TestInputsThatAreNotThereEndTheTaskWithoutFault(t *testing.T) {
	f := newFixture(t)
	f.network(4)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(f.players(shirks, shirks, shirks, shirks), id, 60)
	require.Equal(t, types.JOB_STATUS_FAILED, job.Status)
	require.Equal(t, types.CHUNK_STATUS_INPUT_UNAVAILABLE, f.receipt(id).Status)
	for n := range 4 {
		require.Equal(t, "10000", f.bond(n).String())
	}
	require.Equal(t, "3200", job.Refunded.String(), "who reports earns nothing, who still held it the attempt fee; the seats of the others cost theirs")
}

func TestAJobThatFindsNobodyExpiresAndPaysForItsDrawsAlone(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	id := f.post(0, spec(coin(1_000), 3))
	job := f.play(nil, id, 80)
	require.Equal(t, types.JOB_STATUS_EXPIRED, job.Status)
	burned := f.receipt(id).Burned
	require.True(t, burned.IsPositive() && burned.LT(job.DrawReserve(1)), "%s", burned)
	require.Equal(t, job.TaskReserve.Sub(burned).String(), job.Refunded.String())
}

func TestAMissingSeedStopsTheClockAndGivesUpInTheEnd(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	f.beacon.withheld = true
	s := spec(coin(1_000), 3)
	s.LifetimeBlocks = 10
	id := f.post(0, s)
	f.blocks(15) // longer than its lifetime, shorter than the seed's timeout
	require.Equal(t, types.JOB_STATUS_OPEN, f.job(id).Status)
	f.beacon.withheld, f.beacon.since = false, f.ctx.BlockHeight()
	job := f.play(f.players(honest, honest, honest), id, 20)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)

	f.beacon.withheld = true
	id = f.post(0, s)
	job = f.play(nil, id, 60)
	require.Equal(t, types.JOB_STATUS_EXPIRED, job.Status)
	require.Equal(t, "3500", job.Refunded.String(), "nobody has seen a draw that its requester could regret")
}

func TestCancelRefundsAtEveryStage(t *testing.T) {
	cancel := func(f *fixture, id string) {
		_, err := f.msgs.CancelJob(f.ctx, &types.MsgCancelJob{Requester: requester(0).String(), JobId: id})
		require.NoError(f.t, err)
	}
	t.Run("unclaimed", func(t *testing.T) {
		f := newFixture(t)
		f.network(3)
		id := f.post(0, spec(coin(1_000), 3))
		cancel(f, id)
		f.next()
		require.Equal(t, types.JOB_STATUS_CANCELLED, f.job(id).Status)
		require.Equal(t, "3200", f.job(id).Refunded.String(), "three seats were about to be drawn")
	})
	t.Run("assigned replicas earn the attempt fee", func(t *testing.T) {
		f := newFixture(t)
		f.network(3)
		id := f.post(0, spec(coin(1_000), 3))
		players := f.players(stalls, stalls, stalls)
		for f.job(id).Status != types.JOB_STATUS_RUNNING {
			for _, p := range players {
				p.act()
			}
			f.next()
		}
		cancel(f, id)
		f.next()
		require.Equal(t, types.JOB_STATUS_CANCELLED, f.job(id).Status)
		require.Equal(t, "3200", f.job(id).Refunded.String())
		require.Equal(t, "88atfuel", f.earned(0).String())
	})
	t.Run("committed work is settled", func(t *testing.T) {
		f := newFixture(t)
		f.network(3)
		id := f.post(0, spec(coin(1_000), 3))
		players := f.players(honest, stalls, stalls)
		for f.job(id).Status != types.JOB_STATUS_RUNNING {
			for _, p := range players {
				p.act()
			}
			f.next()
		}
		players[0].act() // commits
		cancel(f, id)
		job := f.play(f.players(honest, honest, honest), id, 20)
		require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	})
}

func TestOtherDenomsPayAndBondsAnswerInTheirOwn(t *testing.T) {
	f := newFixture(t)
	f.network(7)
	s := spec(coin(1_000), 3)
	s.Reward.Denom, s.Reward.Amount = otherCoin, s.Reward.Amount.QuoRaw(2)
	id := f.post(0, s)
	job := f.play(f.players(honest, honest, honest, honest, honest, honest, honest), id, 30)
	require.Equal(t, types.JOB_STATUS_COMPLETED, job.Status)
	require.Equal(t, "750", job.BondValue.String(), "500 at three to two")
	require.Equal(t, "2250", job.Liability.String(), "three judges")
}

func TestTheLastHeightOfTheRevealsIsInTime(t *testing.T) {
	f := newFixture(t)
	f.network(3)
	id := f.post(0, spec(coin(1_000), 3))
	players := f.players(honest, honest, honest)
	for f.round(id).Phase != types.ROUND_PHASE_REVEAL {
		for _, p := range players {
			p.act()
		}
		f.next()
	}
	f.ctx = f.ctx.WithBlockHeight(f.round(id).RevealDeadline)
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 1).Status)
}

// A drawn node that stalls loses a tenth of a reward. If its seat were not drawn again, the
// others would lose nearly all of their reward because of it.
func TestSeatThatANodeStallsForItsWholeWindowIsDrawnAgain(t *testing.T) {
	f := newFixture(t)
	f.setParams(func(p *types.Params) { p.MaxWaitBlocks = 12 })
	f.network(5)
	s := spec(coin(1_000), 3)
	s.CommitBlocks, s.LifetimeBlocks = 20, 200
	id := f.drawable(s)
	drawn := f.assign(id, 5)
	players := f.everyone(5, honest)
	players[drawn[0]].does = stalls
	require.Equal(t, types.JOB_STATUS_COMPLETED, f.play(players, id, 100).Status)
	for _, n := range drawn[1:] {
		require.Equal(t, "880", f.earned(n).AmountOf(denom).String())
	}
}

// Results are delivered when a round reveals. A requester who owns one of its nodes could
// have that node lie, and keep the judges from the inputs.
func TestRequesterWhoKeepsJudgesFromTheInputsPaysForWhatWasDelivered(t *testing.T) {
	f := newFixture(t)
	f.network(8)
	id := f.drawable(spec(coin(1_000), 3))
	drawn := f.assign(id, 8)
	players := f.everyone(8, shirks)
	for _, n := range drawn[:2] {
		players[n].does = honest
	}
	players[drawn[2]].does = liar
	before := f.net(requester(0))
	require.Equal(t, types.JOB_STATUS_FAILED, f.play(players, id, 300).Status)
	for _, n := range drawn {
		require.Equal(t, "88", f.earned(n).AmountOf(denom).String(), "an attempt fee")
		require.Equal(t, "10000", f.bond(n).String())
	}
	job, r := f.job(id), f.receipt(id)
	cost := r.Burned
	for _, o := range r.Outcomes {
		cost = cost.Add(o.Paid)
	}
	returned := f.net(requester(0)).Sub(before)
	require.Equal(t, job.TaskReserve.Sub(cost).String(), returned.String())
	require.True(t, returned.LTE(job.DrawReserve(1)), "nothing returns but what was set aside for draws, less the attempt fees of judges that stayed: %s", returned)
}
