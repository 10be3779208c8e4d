"""``/v1/vector_stores/{id}/files``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from services.gateway.http.access.auth import TrainCaller
from services.gateway.http.bodies.schemas import Deleted, Listing
from services.gateway.http.router import After, Before, Limit, Order, resource
from services.gateway.state import State
from services.gateway.vector_stores.documents import put_files
from services.gateway.vector_stores.objects import file_object
from services.gateway.vector_stores.schemas import (
    AddFile,
    FileContent,
    Status,
    TextContent,
    UpdateFile,
    VectorStoreFileObject,
)
from shared.errors import InvalidInput
from shared.storage.knowledge import indexing, vector_stores

router = resource("Vector stores")

Filter = Annotated[Status | None, Query(alias="filter", description="Only those.")]

FILES = "/vector_stores/{vector_store_id}/files"
FILE = FILES + "/{file_id}"


@router.post(FILES)
def add(vector_store_id: str, body: AddFile, state: State, _caller: TrainCaller) -> VectorStoreFileObject:
    """Put a file into a store; it is read in the background. One that is there already is read again only if it is to be cut otherwise."""
    with state.database.transaction() as session:
        store = vector_stores.get(session, vector_store_id)
        [document] = put_files(session, store, [body], state.clock())
    state.passages.wake(vector_store_id)
    return file_object(document)


@router.get(FILES)
def list_files(
    vector_store_id: str,
    state: State,
    _caller: TrainCaller,
    after: After = None,
    before: Before = None,
    limit: Limit = 20,
    order: Order = "desc",
    status: Filter = None,
) -> Listing[VectorStoreFileObject]:
    """Its files, newest first unless told otherwise."""
    with state.database.reading() as session:
        vector_stores.get(session, vector_store_id)
        page = vector_stores.page_of_files(
            session, vector_store_id, status=status, after=after, before=before, limit=limit, order=order
        )
    return Listing[VectorStoreFileObject].of([file_object(one) for one in page.items], has_more=page.has_more)


@router.get(FILE)
def retrieve(vector_store_id: str, file_id: str, state: State, _caller: TrainCaller) -> VectorStoreFileObject:
    """One of its files."""
    with state.database.reading() as session:
        return file_object(vector_stores.file(session, vector_store_id, file_id))


@router.post(FILE)
def update(
    vector_store_id: str, file_id: str, body: UpdateFile, state: State, _caller: TrainCaller
) -> VectorStoreFileObject:
    """Mark a file with other attributes."""
    with state.database.transaction() as session:
        attributes = dict(body.attributes or {})
        return file_object(vector_stores.set_attributes(session, vector_store_id, file_id, attributes))


@router.delete(FILE)
def delete(vector_store_id: str, file_id: str, state: State, _caller: TrainCaller) -> Deleted:
    """Take a file out of a store; the file itself stays."""
    with state.database.transaction() as session:
        vector_stores.remove_file(session, vector_store_id, file_id)
    return Deleted(id=file_id, object="vector_store.file.deleted")


@router.get(FILE + "/content")
def content(vector_store_id: str, file_id: str, state: State, _caller: TrainCaller) -> FileContent:
    """What was read of a file, chunk by chunk."""
    with state.database.reading() as session:
        document = vector_stores.file(session, vector_store_id, file_id)
        if document.status != "completed":
            raise InvalidInput(f"The file is {document.status}; only what was read can be shown.", param="file_id")
        chunks = indexing.chunks(session, vector_store_id, file_id)
    return FileContent(data=[TextContent(text=chunk.text) for chunk in chunks])
