package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/edgenode/types"
)

func jailRules() types.JailRules {
	return types.JailRules{
		FaultsToJail: 4, FaultWindow: 20, MissedPoints: 1, WrongPoints: 2, SilentPoints: 3,
		JailBlocks: 10, MaxJailBlocks: 35, CleanBlocks: 100,
	}
}

func TestFaultsJailWithinOneWindowOnly(t *testing.T) {
	rules := jailRules()
	var record types.JailRecord
	for _, at := range []int64{5, 10, 24} {
		require.False(t, record.CountFault(rules, types.ReasonMissedDeadline, at, at))
	}
	require.False(t, record.CountFault(rules, types.ReasonMissedDeadline, 25, 25), "the window of height 5 is over")
	require.Equal(t, uint32(1), record.Points)
	require.False(t, record.CountFault(rules, types.ReasonWrongResult, 44, 44))
	require.True(t, record.CountFault(rules, types.ReasonMissedDeadline, 44, 44))
	require.Equal(t, types.JailRecord{Terms: 1, Until: 54, CleanSince: 54}, record)
}

func TestLiesAndSilenceCountMoreThanDelays(t *testing.T) {
	faultsUntilJail := func(reason string) (n int) {
		var record types.JailRecord
		for jailed := false; !jailed; n++ {
			jailed = record.CountFault(types.DefaultParams().Jail, reason, 100, 100)
		}
		return n
	}
	require.Equal(t, 3, faultsUntilJail(types.ReasonWrongResult))
	require.Equal(t, 3, faultsUntilJail(types.ReasonNoReveal))
	require.Equal(t, 12, faultsUntilJail(types.ReasonMissedDeadline))
}

func TestTermsDoubleUpToTheCapAndAreForgotten(t *testing.T) {
	rules := jailRules()
	rules.FaultsToJail = 2
	var record types.JailRecord
	at := int64(1)
	for _, term := range []int64{10, 20, 35, 35} {
		require.True(t, record.CountFault(rules, types.ReasonWrongResult, at, at))
		require.Equal(t, at+term, record.Until)
		at = record.Until
	}
	require.Equal(t, uint32(4), record.Terms)
	require.Equal(t, record.Until+400, record.ForgottenAt(rules))

	clean := record
	clean.Forgive(rules, record.Until+99)
	require.Equal(t, uint32(4), clean.Terms, "not a whole period yet")
	clean.Forgive(rules, record.Until+250)
	clean.Forgive(rules, record.Until+299)
	require.Equal(t, uint32(2), clean.Terms, "two periods, however often it is asked")
	require.Equal(t, record.Until+400, clean.ForgottenAt(rules))
	clean.Forgive(rules, record.Until+400)
	require.Zero(t, clean.Terms)
	require.Zero(t, clean.ForgottenAt(rules))

	at = record.Until + 350
	require.True(t, record.CountFault(rules, types.ReasonWrongResult, at, at))
	require.Equal(t, at+20, record.Until, "one term was left, so that the next is twice the first")
	require.Equal(t, uint32(2), record.Terms)
}

func TestFaultWithinATermCountsNothing(t *testing.T) {
	rules := jailRules()
	record := types.JailRecord{Terms: 1, Until: 54, CleanSince: 54}
	require.False(t, record.CountFault(rules, types.ReasonNoReveal, 53, 53))
	require.Equal(t, types.JailRecord{Terms: 1, Until: 54, CleanSince: 54}, record)
	require.False(t, record.CountFault(rules, types.ReasonNoReveal, 54, 54))
	require.Equal(t, uint32(3), record.Points)
}

func TestOnlyATermBeyondTheCapIsCut(t *testing.T) {
	rules := jailRules()
	rules.JailBlocks, rules.MaxJailBlocks = 10, 41
	require.Equal(t, []int64{40, 41}, []int64{rules.Term(2), rules.Term(3)})
}

func TestTermsNeverOverflow(t *testing.T) {
	rules := jailRules()
	rules.JailBlocks, rules.MaxJailBlocks, rules.CleanBlocks = 1, 1<<48, 1<<48
	for _, terms := range []uint32{0, 1, 47, 48, 63, 64, 1 << 31} {
		term := rules.Term(terms)
		require.Positive(t, term)
		require.LessOrEqual(t, term, int64(1)<<48)
	}
	record := types.JailRecord{}
	for at := int64(1); at < 100*(1<<48); at = record.Until {
		require.True(t, record.CountFault(types.JailRules{
			FaultsToJail: 1, FaultWindow: 1, WrongPoints: 1, JailBlocks: 1 << 48, MaxJailBlocks: 1 << 48, CleanBlocks: 1 << 48,
		}, types.ReasonWrongResult, at, at))
		require.Positive(t, record.ForgottenAt(rules))
	}
}

// TestRecordOfARestartedChainGoesOnAsBefore checks that a record that moves to a restarted
// chain changes with each fault in the same way as a record that stays.
func TestRecordOfARestartedChainGoesOnAsBefore(t *testing.T) {
	rules := jailRules()
	for restart := int64(1); restart < 400; restart += 7 {
		var stays, moves types.JailRecord
		shift := int64(0)
		for height := int64(1); height < 500; height += 3 {
			if shift == 0 && height >= restart {
				moves, shift = moves.Since(restart), restart
			}
			if height%60 > 24 { // some faults and then a pause, so that terms are forgotten
				continue
			}
			reason := []string{types.ReasonMissedDeadline, types.ReasonWrongResult, types.ReasonNoReveal}[height%3]
			late := min(height%11, height-shift) // the fault is reported late, but before the restart
			require.Equal(t, stays.CountFault(rules, reason, height-late, height), moves.CountFault(rules, reason, height-late-shift, height-shift),
				"restart after %d, fault at %d", restart, height)
			require.Equal(t, stays.Terms, moves.Terms)
			require.Equal(t, stays.Points, moves.Points)
		}
		if stays.Terms > 0 {
			require.Equal(t, stays.ForgottenAt(rules), moves.ForgottenAt(rules)+shift)
		}
	}
}

// TestOnlyFaultsThatLieTogetherJail reports faults in any order. Faults that jail a node must
// lie within less than two windows. If enough faults lie within one window, they must jail the
// node, however late they are reported.
func TestOnlyFaultsThatLieTogetherJail(t *testing.T) {
	rules := types.JailRules{
		FaultsToJail: 3, FaultWindow: 20, MissedPoints: 1, WrongPoints: 3, SilentPoints: 2,
		JailBlocks: 10, MaxJailBlocks: 1000, CleanBlocks: 50,
	}
	rapid.Check(t, func(t *rapid.T) {
		faults := rapid.SliceOfN(rapid.Int64Range(1, 300), 1, 12).Draw(t, "faults")
		var record types.JailRecord
		for i, at := range faults {
			if !record.CountFault(rules, types.ReasonMissedDeadline, at, 1000) {
				continue
			}
			near := 0
			for _, other := range faults[:i+1] {
				if max(other-at, at-other) < 2*int64(rules.FaultWindow) {
					near++
				}
			}
			require.GreaterOrEqual(t, near, int(rules.FaultsToJail), "faults at %v", faults[:i+1])
			return
		}
		first := faults[0]
		together := 0
		for _, at := range faults {
			if at >= first && at-first < int64(rules.FaultWindow) {
				together++
			}
			if at-first >= int64(rules.FaultWindow) {
				break // a later window has begun
			}
		}
		require.Less(t, together, int(rules.FaultsToJail), "faults at %v jailed nobody", faults)
	})
}
