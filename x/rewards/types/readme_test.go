package types_test

import (
	"crypto/sha256"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/thetaedge/theta/x/rewards/types"
)

// The terms of a grant that the README shows can be proposed as they are.
func TestTheTermsInTheReadmeAreValid(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, blocks, 1)
	var terms types.GrantTerms
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	require.NoError(t, cdc.UnmarshalJSON(blocks[0][1], &terms))
	require.NoError(t, terms.Validate())
	require.NoError(t, terms.CheckParams(types.DefaultParams()))
	grantee, err := addresscodec.NewBech32Codec("theta").StringToBytes(terms.Grantee)
	require.NoError(t, err)
	require.Len(t, grantee, 20)
	digest := sha256.Sum256([]byte("program"))
	require.Equal(t, [][]byte{digest[:]}, terms.Programs, "base64, not hex")
	require.EqualValues(t, 1_000_000_000, terms.FuelPerBlock)
}
