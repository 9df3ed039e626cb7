package grpcnode

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// codec encodes messages as they are generated for this chain and the SDK. The default of grpc reads
// them by reflection, and panics at numbers with a Go type of their own, such as math.Int, in the
// fields of an answer.
type codec struct{ encoding.CodecV2 }

func newCodec() encoding.CodecV2 { return codec{encoding.GetCodecV2(proto.Name)} }

// Marshal encodes a message.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	message, generated := v.(interface{ Marshal() ([]byte, error) })
	if !generated {
		return c.CodecV2.Marshal(v)
	}
	raw, err := message.Marshal()
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(raw)}, nil
}

// Unmarshal decodes a message.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	message, generated := v.(interface {
		Reset()
		Unmarshal(raw []byte) error
	})
	if !generated {
		return c.CodecV2.Unmarshal(data, v)
	}
	message.Reset()
	return message.Unmarshal(data.Materialize())
}
