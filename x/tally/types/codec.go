package types

import (
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/legacy"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
	sdktx "github.com/cosmos/cosmos-sdk/types/tx"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
)

// RegisterLegacyAminoCodec registers the messages for amino JSON signing.
func RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	cdc.RegisterConcrete(Params{}, "theta/x/tally/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgSubmitOptimistic{}, "theta/tally/MsgSubmitOptimistic")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "theta/tally/MsgUpdateParams")
}

// RegisterInterfaces registers the messages as sdk.Msg and the Msg service.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	registry.RegisterImplementations((*sdk.Msg)(nil), &MsgSubmitOptimistic{}, &MsgUpdateParams{})
	msgservice.RegisterMsgServiceDesc(registry, &_Msg_serviceDesc)
}

var _ codectypes.UnpackInterfacesMessage = MsgSubmitOptimistic{}

// UnpackInterfaces lets a codec read the messages of the proposal.
func (m MsgSubmitOptimistic) UnpackInterfaces(unpacker codectypes.AnyUnpacker) error {
	return sdktx.UnpackInterfaces(unpacker, m.Messages)
}

// Regular returns the message with which x/gov makes the proposal.
func (m MsgSubmitOptimistic) Regular() *govv1.MsgSubmitProposal {
	return &govv1.MsgSubmitProposal{
		Messages: m.Messages, InitialDeposit: m.InitialDeposit, Proposer: m.Proposer,
		Metadata: m.Metadata, Title: m.Title, Summary: m.Summary,
	}
}
