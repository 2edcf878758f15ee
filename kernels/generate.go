package kernels

//go:generate go -C internal/gen run . -kernels vector -isa avx2 -pkg kernels -out ../../vector_avx2_amd64.s -stubs ../../vector_avx2_amd64.go
//go:generate go -C internal/gen run . -kernels vector -isa avx512 -pkg kernels -out ../../vector_avx512_amd64.s -stubs ../../vector_avx512_amd64.go
//go:generate go -C internal/gen run . -kernels attention -isa avx2 -pkg kernels -out ../../attention_avx2_amd64.s -stubs ../../attention_avx2_amd64.go
//go:generate go -C internal/gen run . -kernels attention -isa avx512 -pkg kernels -out ../../attention_avx512_amd64.s -stubs ../../attention_avx512_amd64.go
//go:generate go -C internal/gen run . -kernels matrix -isa avx2 -pkg kernels -out ../../matrix_avx2_amd64.s -stubs ../../matrix_avx2_amd64.go
//go:generate go -C internal/gen run . -kernels matrix -isa avx512 -pkg kernels -out ../../matrix_avx512_amd64.s -stubs ../../matrix_avx512_amd64.go
//go:generate go -C internal/gen run . -kernels matrix -isa vnni -pkg kernels -out ../../matrix_vnni_amd64.s -stubs ../../matrix_vnni_amd64.go
//go:generate go -C internal/gen run . -kernels matrix -isa vbmi -pkg kernels -out ../../matrix_vbmi_amd64.s -stubs ../../matrix_vbmi_amd64.go
//go:generate go -C internal/gen run ./tables -out ../../matrix_tables_amd64.go
