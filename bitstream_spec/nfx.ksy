meta:
  id: nfx
  title: NFX, a container for 3D Gaussian Splatting scenes
  file-extension: nfx
  license: MIT
  endian: le
  bit-endian: le
doc: |
  Container of NFX 0.4 (bitstream_spec, parts 3 and 4). TILE payloads are split into code words and
  raw bits; symbols are the business of parts 5 and 6. Checksums are read, not checked.
seq:
  - id: header
    type: file_header
  - id: boxes
    type: box
    repeat: until
    repeat-until: _.type == "END "
types:
  file_header:
    seq:
      - id: magic
        contents: [0x89, "NFX", 0x0d, 0x0a, 0x1a, 0x0a]
      - id: major
        type: u1
      - id: minor
        type: u1
      - id: profile
        type: u1
        enum: profile
      - id: level
        type: u1
      - id: reserved
        type: u4
        valid: 0
      - id: crc
        type: u4
  box:
    seq:
      - id: type
        size: 4
        type: str
        encoding: ISO-8859-1
      - id: flags
        type: u1
      - id: layer
        type: u1
      - id: tile
        type: u2
      - id: length
        type: u4
      - id: body
        size: length
        type:
          switch-on: type
          cases:
            '"HEAD"': head
            '"MODL"': modl
            '"INDX"': indx
            '"TILE"': tile
            '"END "': end
            '"VIEW"': view
            '"EXTR"': extr
            '"META"': meta_text
            '"REST"': rest
            '"MLRA"': mlra
      - id: crc
        type: u4
  varint:
    seq:
      - id: groups
        type: u1
        repeat: until
        repeat-until: _ < 0x80
    instances:
      last:
        value: groups.size - 1
      value:
        value: >-
          (groups[0] & 127)
          + (last >= 1 ? (groups[1] & 127) * 0x80 : 0)
          + (last >= 2 ? (groups[2] & 127) * 0x4000 : 0)
          + (last >= 3 ? (groups[3] & 127) * 0x200000 : 0)
          + (last >= 4 ? (groups[4] & 127) * 0x10000000 : 0)
          + (last >= 5 ? (groups[5] & 127) * 0x800000000 : 0)
          + (last >= 6 ? (groups[6] & 127) * 0x40000000000 : 0)
          + (last >= 7 ? (groups[7] & 127) * 0x2000000000000 : 0)
          + (last >= 8 ? (groups[8] & 127) * 0x100000000000000 : 0)
  svarint:
    seq:
      - id: zigzag
        type: varint
    instances:
      value:
        value: '(zigzag.value % 2) == 1 ? -((zigzag.value + 1) / 2) : zigzag.value / 2'
  text:
    seq:
      - id: length
        type: varint
      - id: value
        size: length.value
        type: str
        encoding: UTF-8
  head:
    seq:
      - id: n_gaussians
        type: varint
      - id: sh_degree
        type: u1
        valid:
          max: 3
      - id: antialiased
        type: b1
      - id: order_kept
        type: b1
      - id: reserved
        type: b6
      - id: frame
        type: u1
      - id: colour_space
        type: u1
      - id: unit
        type: f8
      - id: n_tiers
        type: u1
        valid:
          min: 1
          max: 16
  rule:
    seq:
      - id: offset
        type: s2
      - id: alpha
        type: s1
      - id: footprint
        type: s1
  field_model:
    params:
      - id: n_cross
        type: u1
    seq:
      - id: half_alphabet
        type: u1
      - id: escape_bits
        type: u1
      - id: near
        type: s2
      - id: far
        type: s2
      - id: mean
        type: s2
      - id: cross
        type: s2
        repeat: expr
        repeat-expr: n_cross
      - id: spread
        type: u1
      - id: size
        type: u1
      - id: energy
        type: u1
      - id: thresholds
        type: u1
        repeat: expr
        repeat-expr: 7
      - id: scales
        type: u1
        repeat: expr
        repeat-expr: 8
  modl:
    seq:
      - id: lossy
        type: modl_lossy
        if: _root.header.profile == profile::lossy
      - id: lossless
        size-eos: true
        if: _root.header.profile != profile::lossy
  modl_lossy:
    seq:
      - id: shrink
        type: u1
      - id: grid_exponent
        type: s1
      - id: centre
        type: s8
        repeat: expr
        repeat-expr: 3
      - id: radius_shift
        type: u1
      - id: radius_floor
        type: s2
      - id: opacity_levels
        type: u2
      - id: scale_step
        type: u2
      - id: dc_step
        type: u2
      - id: sh_step
        type: u2
      - id: rotation_cap
        type: u1
      - id: position_rule
        type: rule
      - id: scale_rule
        type: rule
      - id: rotation_rule
        type: rule
      - id: dc_rule
        type: rule
      - id: sh_rule
        type: rule
      - id: opacity
        type: field_model(0)
      - id: scale0
        type: field_model(1)
      - id: scale1
        type: field_model(2)
      - id: scale2
        type: field_model(2)
      - id: dc0
        type: field_model(2)
      - id: dc1
        type: field_model(1)
      - id: dc2
        type: field_model(2)
      - id: n_sh_layers
        type: u1
      - id: sh_layers
        type: u1
        repeat: expr
        repeat-expr: n_sh_layers
      - id: sh_field
        type: field_model(0)
        if: n_sh_layers > 0
      - id: length_field
        type: field_model(0)
        if: n_sh_layers > 0
      - id: basis
        doc: rows of 3 * (K - 1) signed bytes
        size-eos: true
        if: n_sh_layers > 0
  indx:
    seq:
      - id: n_tiles
        type: varint
      - id: n_layers
        type: u1
      - id: tiles
        type: tile_row
        repeat: expr
        repeat-expr: n_tiles.value
  tile_row:
    seq:
      - id: n
        type: varint
      - id: origin
        type: svarint
        repeat: expr
        repeat-expr: 3
      - id: bits
        type: u1
        repeat: expr
        repeat-expr: 3
      - id: sizes
        type: varint
        repeat: expr
        repeat-expr: _parent.n_layers
  tile:
    seq:
      - id: n_words
        type: varint
      - id: words
        type: u4
        repeat: expr
        repeat-expr: n_words.value
      - id: raw
        size-eos: true
  end:
    seq:
      - id: total
        type: u8
      - id: crc_of_crcs
        type: u4
  view:
    seq:
      - id: n_views
        type: varint
      - id: views
        type: camera
        repeat: expr
        repeat-expr: n_views.value
  camera:
    seq:
      - id: name
        type: text
      - id: width
        type: varint
      - id: height
        type: varint
      - id: fx
        type: f8
      - id: fy
        type: f8
      - id: cx
        type: f8
      - id: cy
        type: f8
      - id: world_to_camera
        type: f8
        repeat: expr
        repeat-expr: 12
  extr:
    seq:
      - id: n_columns
        type: varint
      - id: columns
        type: column
        repeat: expr
        repeat-expr: n_columns.value
  column:
    seq:
      - id: name
        type: text
      - id: dtype
        type: u1
      - id: packed_length
        type: varint
      - id: packed
        size: packed_length.value
  model_id:
    seq:
      - id: id
        type: u1
      - id: name
        type: text
        if: id == 255
      - id: revision
        type: text
        if: id > 0
      - id: sha256
        size: 32
        if: id > 0
  rest:
    seq:
      - id: record
        type: u1
      - id: known
        type: rest_record
        if: record == 1
      - id: unknown
        size-eos: true
        if: record != 1
  rest_record:
    seq:
      - id: kind
        type: u1
        enum: restorer_kind
      - id: kind_version
        type: u1
      - id: backbone
        type: model_id
      - id: autoencoder
        type: model_id
      - id: adapters
        type: model_id
      - id: latent_scale
        type: u4
      - id: latent_shift
        type: s4
      - id: schedule
        type: u1
      - id: prediction
        type: u1
      - id: level
        type: u4
      - id: end_level
        type: u4
      - id: network_time
        type: u2
      - id: noise_mode
        type: u1
      - id: noise_scope
        type: u1
        if: noise_mode == 2
      - id: noise_seed
        type: u8
        if: noise_mode == 2
      - id: prompt
        type: u1
      - id: prompt_sha256
        size: 32
        if: prompt > 0
      - id: guidance
        type: u2
      - id: mask
        type: u1
      - id: mask_grid
        type: u1
        if: mask == 1
      - id: condition
        type: u1
      - id: strength
        type: u1
      - id: pad
        type: u1
      - id: pad_mode
        type: u1
      - id: tile
        type: u1
      - id: overlap
        type: u1
        if: tile > 0
      - id: untiled
        type: u1
        if: tile > 0
      - id: window
        type: u1
        if: tile > 0
      - id: colour_fix
        type: u1
      - id: dtype
        type: u1
      - id: renderer
        type: u1
      - id: background
        type: u1
        repeat: expr
        repeat-expr: 3
  map_group:
    seq:
      - id: list
        type: u1
      - id: mode
        type: u1
      - id: step
        type: u1
      - id: n_runs
        type: varint
      - id: runs
        type: map_run
        repeat: expr
        repeat-expr: n_runs.value
      - id: half_alphabet
        type: u1
      - id: escape_bits
        type: u1
      - id: models
        type: map_model
        repeat: expr
        repeat-expr: mode + 1
      - id: factor_crc
        type: u4
  map_run:
    seq:
      - id: count
        type: varint
      - id: rank
        type: varint
  map_model:
    seq:
      - id: zero
        type: u2
      - id: decay
        type: u1
  mlra:
    seq:
      - id: n_groups
        type: u1
      - id: groups
        type: map_group
        repeat: expr
        repeat-expr: n_groups
      - id: payload
        type: tile
  meta_text:
    seq:
      - id: json
        size-eos: true
        type: str
        encoding: UTF-8
enums:
  restorer_kind:
    1: small
    2: nifi
    3: gausspainter
    4: gfix
    5: img2img
  profile:
    0: lossy
    1: lossless
