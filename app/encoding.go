package app

import (
	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/core/address"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/std"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/thetaedge/theta/app/params"
)

// Encoding is the encoding of state, messages and transactions.
type Encoding struct {
	InterfaceRegistry codectypes.InterfaceRegistry
	Codec             codec.Codec
	Amino             *codec.LegacyAmino
	TxConfig          client.TxConfig
}

// NewEncoding returns an encoding that knows the SDK's own types; the modules add theirs. It
// panics if the compiled proto descriptors contradict each other.
func NewEncoding() Encoding {
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: signing.Options{
			AddressCodec:          AddressCodec(),
			ValidatorAddressCodec: ValidatorAddressCodec(),
		},
	})
	if err != nil {
		panic(err)
	}
	if err := registry.SigningContext().Validate(); err != nil {
		panic(err)
	}

	amino := codec.NewLegacyAmino()
	std.RegisterInterfaces(registry)
	std.RegisterLegacyAminoCodec(amino)
	cdc := codec.NewProtoCodec(registry)
	return Encoding{
		InterfaceRegistry: registry,
		Codec:             cdc,
		Amino:             amino,
		TxConfig:          decimalTxs{TxConfig: authtx.NewTxConfig(cdc, authtx.DefaultSignModes), files: registry},
	}
}

// AddressCodec returns the codec of theta1… addresses.
func AddressCodec() address.Codec { return addresscodec.NewBech32Codec(params.Bech32Prefix) }

// ValidatorAddressCodec returns the codec of thetavaloper1… addresses.
func ValidatorAddressCodec() address.Codec {
	return addresscodec.NewBech32Codec(params.Bech32Prefix + "valoper")
}

// ConsensusAddressCodec returns the codec of thetavalcons1… addresses.
func ConsensusAddressCodec() address.Codec {
	return addresscodec.NewBech32Codec(params.Bech32Prefix + "valcons")
}
