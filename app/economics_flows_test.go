package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// movers are the methods of x/bank and x/distribution that move, mint or burn coins.
func movers() []string {
	return []string{
		"MintCoins", "BurnCoins", "FundCommunityPool", "SendCoins", "InputOutputCoins",
		"SendCoinsFromAccountToModule", "SendCoinsFromModuleToAccount", "SendCoinsFromModuleToModule",
		"SendCoinsFromAccountToModuleVirtual", "SendCoinsFromModuleToAccountVirtual",
		"DelegateCoins", "UndelegateCoins", "DelegateCoinsFromAccountToModule", "UndelegateCoinsFromModuleToAccount",
	}
}

// knownFlows returns the row of the page for each function that moves coins; "" for one that only
// passes the calls of others on.
func knownFlows() map[string]string {
	return map[string]string{
		"app/supply/bank.go MintCoins":                 "",
		"app/supply/bank.go BurnCoins":                 "",
		"app/poolbank.go SendCoinsFromAccountToModule": "",
		"app/inplace.go unbondAll":                     "test network from a copy",
		"app/inplace.go fundTestnet":                   "test network from a copy",
		"app/mint.go Mint":                             "emission",
		"app/ante.go SendCoinsFromAccountToModule":     "fee of a transaction",
		"x/feemarket/keeper/abci.go burn":              "base fee",
		"x/beacon/keeper/reimburse.go reimburse":       "reimbursement",
		"x/compute/keeper/post.go takePayment":         "payment of a job",
		"x/compute/keeper/topup.go TopUpJob":           "payment of a job",
		"x/compute/keeper/redeliver.go burnPostingFee": "fee for bytes of a redelivery or a redraw",
		"x/compute/keeper/close.go refund":             "refund",
		"x/compute/round/judge.go releaseDefendants":   "rest kept for challengers",
		"x/rewards/keeper/fold.go movePending":         "shares of rewards",
		"x/rewards/keeper/ledger.go Discard":           "discarded coins",
		"x/rewards/keeper/ledger.go pay":               "claim",
		"x/rewards/keeper/grant_fold.go foldGrant":     "pay of a grant",
		"x/rewards/keeper/grant.go fundGrant":          "deposit of a grant",
		"x/rewards/keeper/grant.go withdrawGrant":      "withdrawal of a deposit",
		"x/rewards/keeper/grant.go revokeGrant":        "revocation of a grant",
		"x/rewards/keeper/grant_budget.go RefundGrant": "revocation of a grant",
		"x/edgenode/keeper/register.go register":       "bond",
		"x/edgenode/keeper/bond.go addBond":            "bond",
		"x/edgenode/keeper/unbonding.go payUnbonding":  "unbonding",
		"x/edgenode/keeper/slash.go payOut":            "slash and fees of a node",
	}
}

// flowsInCode returns the functions below the folders that call one of the movers, as
// "x/feemarket/keeper/abci.go burn".
func flowsInCode(t *testing.T, folders ...string) []string {
	t.Helper()
	var found []string
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, declared := range file.Decls {
				if f, is := declared.(*ast.FuncDecl); is && movesCoins(f) {
					found = append(found, strings.TrimPrefix(filepath.ToSlash(path), "../")+" "+f.Name.Name)
				}
			}
			return nil
		}))
	}
	return found
}

// movesCoins reports whether a function calls one of the movers, or passes one on.
func movesCoins(f *ast.FuncDecl) bool {
	moves := false
	ast.Inspect(f, func(n ast.Node) bool {
		if selector, is := n.(*ast.SelectorExpr); is && slices.Contains(movers(), selector.Sel.Name) {
			moves = true
		}
		return !moves
	})
	return moves
}

// Every place in the code of this chain that moves, mints or burns coins belongs to a row of the
// page about the flows of coins, and every row except for those of the SDK has such a place.
func TestThePageHasEveryFlowOfACoin(t *testing.T) {
	_, section, found := strings.Cut(economicsPage(t), "\n## The way of a coin\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	rows := map[string]bool{}
	for _, row := range rowsOf(section)[1:] {
		require.Len(t, row, 4, row[0])
		rows[row[0]] = false
	}
	known := knownFlows()
	for _, place := range flowsInCode(t, "x", "app") {
		row, listed := known[place]
		if !assert.True(t, listed, "%s moves coins: add it to a row of docs/economics.md, and here", place) {
			continue
		}
		delete(known, place)
		if row != "" {
			assert.Contains(t, rows, row, place)
			rows[row] = true
		}
	}
	assert.Empty(t, known, "these do not move coins any more: take them out")
	for _, sdk := range []string{
		"rewards of stake", "slash of a validator", "deposit of a proposal", "spending of the community pool", "transfer over IBC",
	} {
		assert.Contains(t, rows, sdk)
		rows[sdk] = true
	}
	for row, done := range rows {
		assert.True(t, done, "%s: expected a place in the code that does it", row)
	}
}

// The page explains every cause under which the supply ledger counts coins.
func TestThePageHasEveryCauseOfTheSupplyLedger(t *testing.T) {
	page := economicsPage(t)
	for _, cause := range rewardstypes.SupplyCause_name {
		if cause == rewardstypes.SUPPLY_CAUSE_UNSPECIFIED.String() {
			continue
		}
		require.Contains(t, page, "\n| `"+strings.TrimPrefix(cause, "SUPPLY_CAUSE_")+"` | ")
	}
}
